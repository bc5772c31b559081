"""/v1/models/{name} and its versions: published, taken into use, downloaded, deleted, without a restart."""

import logging
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from app.archives.upload import FORM, ZIPS, receive
from app.bundles.packing import zipped
from app.bundles.schemas import (
    ActiveVersion,
    BundleParameters,
    VersionDetails,
    Versions,
    VersionSummary,
)
from app.caching import IMMUTABLE, NOT_MODIFIED, is_kept
from app.dependencies import StateDep
from app.engine import UnreadableCard
from app.files import BINARY
from app.parameters import form_with_file, query_parameters
from app.problems import problem_responses
from app.routes.models import summary
from translation.card import CARD, Card
from translation.names import NAME
from translation.registry import Entry

router = APIRouter(prefix="/v1/models/{name}", tags=["models"])
logger = logging.getLogger(__name__)

UPLOADS = r"/v1/models/[^/]+/versions"  # the path, whatever the name
NewName = Annotated[str, Path(pattern=f"^{NAME}$", description="the model's, which may be a new one")]
LOCATION = {"description": "the version's path", "schema": {"type": "string"}}
PUBLISHED: dict[int | str, dict[str, Any]] = {
    201: {"description": "Checked, warmed up, published.", "headers": {"Location": LOCATION}},
    **problem_responses(400, 408, 413, 415, 422, 429, 500, 503, 504, 507),
}
REFUSED = (400, 404, 408, 413, 415, 422, 500, 503, 504)
REQUEST = {
    "parameters": query_parameters(BundleParameters),
    "requestBody": {
        "required": True,
        "content": {
            ZIPS[0]: BINARY,
            FORM: {"schema": form_with_file(BundleParameters, "file")},
        },
    },
}
BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {"description": f"A zip of {CARD} and its safetensors", "content": {ZIPS[0]: BINARY}},
    **NOT_MODIFIED,
    **problem_responses(404, 422, 503),
}


@router.post(
    "/versions",
    operation_id="publish_bundle",
    status_code=201,
    responses=PUBLISHED,
    openapi_extra=REQUEST,
)
async def publish_bundle(
    name: NewName, request: Request, response: Response, state: StateDep
) -> VersionSummary:
    """Send a zip of card.json and safetensors, as the body (application/zip) or as the one file of a form.

    A bundle that cannot be loaded and warmed up is not published, and what is in use stays in use.
    """
    declared = request.headers.get("content-length", "")
    entry = await state["publisher"].publish(
        partial(receive, request, model=BundleParameters),
        name,
        int(declared) if declared.isdecimal() else 0,
    )
    response.headers["Location"] = f"/v1/models/{name}/versions/{entry.version}"
    return _summary(entry)


@router.get("/versions", operation_id="list_versions", responses=problem_responses(404, 422))
def list_versions(name: str, state: StateDep) -> Versions:
    entries = state["registry"].versions(name)
    return Versions(versions=[_summary(entry) for entry in entries if entry.card])


@router.get("/versions/{version}", operation_id="show_version", responses=problem_responses(404, 422, 503))
def show_version(name: str, version: str, state: StateDep) -> VersionDetails:
    """With the whole card."""
    entry = state["registry"].version(name, version)
    return VersionDetails(**_summary(entry).model_dump(), card=_card(entry).model_dump(mode="json"))


@router.get(
    "/versions/{version}/bundle",
    operation_id="download_bundle",
    response_class=Response,
    responses=BUNDLE,
)
def download_bundle(name: str, version: str, request: Request, state: StateDep) -> Response:
    """As POST .../versions takes it."""
    entry = state["registry"].version(name, version)
    card, headers = _card(entry), {"ETag": f'"{entry.digest}"', "Cache-Control": IMMUTABLE}
    if is_kept(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}-{version}.zip"'
    return StreamingResponse(zipped(entry.folder, (CARD, *card.files)), headers=headers, media_type=ZIPS[0])


@router.delete(
    "/versions/{version}",
    operation_id="delete_version",
    status_code=204,
    response_class=Response,
    responses=problem_responses(404, 409, 422),
)
def delete_version(name: str, version: str, state: StateDep) -> None:
    """Refused while it is in use, or a job needs it."""
    state["jobs"].check_unneeded(name, version)
    state["registry"].remove(name, version)


@router.delete(
    "",
    operation_id="delete_model",
    status_code=204,
    response_class=Response,
    responses=problem_responses(404, 409, 422),
)
def delete_model(name: str, state: StateDep) -> None:
    """With all its versions, that in use as well. Refused while a job needs one, and where it is shipped."""
    state["jobs"].check_unneeded(name)
    state["registry"].remove_model(name)


@router.put("/active", operation_id="activate_version", responses=problem_responses(*REFUSED))
async def activate_version(name: str, active: ActiveVersion, state: StateDep) -> VersionSummary:
    """Take a version into use. It is loaded beside the one in use, checked and warmed up, and only then takes
    over: what is under way is finished by the old one, which goes on where the new one fails."""
    return _summary(await state["publisher"].activate(name, active.version))


def _card(entry: Entry) -> Card:
    """Raises UnreadableCard."""
    if entry.card is None:
        logger.error("model %s, version %s: %s", entry.name, entry.version, entry.fault)
        raise UnreadableCard(entry.name, entry.version)
    return entry.card


def _summary(entry: Entry) -> VersionSummary:
    card = _card(entry)
    return VersionSummary(
        **summary(entry.name, card, entry.digest or ""),
        created=card.created,
        is_active=entry.is_active,
        is_shipped=entry.is_shipped,
    )
