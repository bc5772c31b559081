"""/v1/datasets: a zip of pictures in, a dataset that jobs can name out."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.archives.upload import FORM, ZIPS, check_type, parameters_of, receive
from app.datasets.schemas import DatasetDetails, DatasetPage, DatasetParameters, DatasetSummary, Name
from app.dependencies import StateDep
from app.files import BINARY
from app.parameters import form_with_file, query_parameters
from app.problems import problem_responses

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

MAX_PAGE = 200
LOCATION = {"description": "the dataset's path", "schema": {"type": "string"}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {"description": "Stored. The report has what is wrong with it.", "headers": {"Location": LOCATION}},
    **problem_responses(400, 408, 409, 413, 415, 422, 429, 500, 504, 507),
}
REQUEST = {
    "parameters": query_parameters(DatasetParameters),
    "requestBody": {
        "required": True,
        "content": {ZIPS[0]: BINARY, FORM: {"schema": form_with_file(DatasetParameters, "file")}},
    },
}


@router.post(
    "",
    operation_id="upload_dataset",
    status_code=201,
    responses=RESPONSES,
    openapi_extra=REQUEST,
)
async def upload_dataset(request: Request, response: Response, state: StateDep) -> DatasetDetails:
    """Send a zip of two folders of pictures, of trainA, trainB, testA and testB, or of one folder.

    As the body (application/zip), or as the one file of a form, whose fields the query's may be as well.
    """
    known = None if check_type(request) == FORM else parameters_of(request, [], DatasetParameters)
    declared = request.headers.get("content-length", "")
    dataset = await state["intake"].take(
        partial(receive, request, model=DatasetParameters),
        known.name if known else None,
        int(declared) if declared.isdecimal() else 0,
    )
    response.headers["Location"] = f"{router.prefix}/{dataset.name}"
    return dataset


@router.get("", operation_id="list_datasets", responses=problem_responses(422))
def list_datasets(
    state: StateDep,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="datasets of one page")] = 50,
    cursor: Annotated[Name | None, Query(description="the `next_cursor` of the page before")] = None,
) -> DatasetPage:
    datasets = state["intake"].store.page(cursor or "", limit + 1)
    page = datasets[:limit]
    return DatasetPage(
        datasets=[DatasetSummary.model_validate(dataset.model_dump()) for dataset in page],
        next_cursor=page[-1].name if len(datasets) > limit else None,
    )


@router.get("/{name}", operation_id="show_dataset", responses=problem_responses(404, 422))
def show_dataset(name: str, state: StateDep) -> DatasetDetails:
    return state["intake"].store.get(name)


@router.delete(
    "/{name}",
    operation_id="delete_dataset",
    status_code=204,
    response_class=Response,  # JSON's media type would be of nothing
    responses=problem_responses(404, 409, 422),
)
def delete_dataset(name: str, state: StateDep) -> None:
    """Refused while a job needs it."""
    state["jobs"].check_unused(name)
    state["intake"].store.remove(name)
