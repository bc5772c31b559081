"""GET /v1/results/{sha256}: a stored picture, named by its content and so never another one."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.caching import IMMUTABLE, NOT_MODIFIED, is_kept
from app.dependencies import StateDep
from app.files import BINARY, RANGES, File
from app.negotiation import PICTURES
from app.problems import problem_responses
from app.results import Result
from app.schemas import DIGEST

router = APIRouter(prefix="/v1", tags=["translations"])

HEADERS = {
    "ETag": "the digest, in quotes",
    "Cache-Control": IMMUTABLE,
    "Accept-Ranges": "bytes",
}
PICTURE: dict[str, Any] = {
    "content": dict.fromkeys(PICTURES.values(), BINARY),
    "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()},
}
PART: dict[str, Any] = {**PICTURE, "description": "The part that Range asks for"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {**PICTURE, "description": "The picture"},
    206: {**PART, "content": {**PICTURE["content"], **RANGES}},
    **NOT_MODIFIED,
    **problem_responses(400, 404, 416),
}


PARAMETERS = [  # described by hand: to the framework a bad digest is a 422, and it is unknown like any other
    {
        "name": "sha256",
        "in": "path",
        "required": True,
        "description": "of the picture, as the JSON answer of a translation gives it",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$", "examples": [DIGEST]},
    },
    *(
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in {"If-None-Match": "an ETag", "Range": "as in bytes=0-999"}.items()
    ),
]


def _reading(request: Request, state: StateDep) -> Iterator[Result]:
    """Held until the answer is sent."""
    with state["results"].reading(request.path_params["sha256"]) as result:
        yield result


@router.get(
    "/results/{sha256}",
    operation_id="show_result",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra={"parameters": PARAMETERS},
)
async def show_result(request: Request, result: Annotated[Result, Depends(_reading)]) -> Response:
    """One of the pictures that the JSON of POST /v1/translations links to; HEAD as well. It never changes,
    and goes when it was not used for long: the same request brings the same link back.
    """
    headers = {"ETag": result.etag, "Cache-Control": IMMUTABLE}
    if is_kept(request, result.etag):
        return Response(status_code=304, headers=headers)
    name = f"{result.digest[:16]}{result.path.suffix}"
    return File(
        result.path,
        headers=headers,
        media_type=result.media_type,
        filename=name,
        content_disposition_type="inline",
    )
