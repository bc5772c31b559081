"""/v1/jobs/{id}/pictures: the pictures of a translation one by one, also while it is at work."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.dependencies import CallerDep, StateDep
from app.files import BINARY, RANGE_HEADERS, RANGES, File
from app.jobs.outcomes import TranslatedFiles, picture, translated_files
from app.jobs.views import url_of
from app.problems import problem_responses
from app.routes.jobs import JobId
from translation.codec import MEDIA_TYPES

router = APIRouter(prefix="/v1/jobs/{id}/pictures", tags=["jobs"])

MAX_PAGE = 500
SEEN = (
    "how many of them were seen; from 0 again when the job begins anew after a stop, and when it is over, "
    "for they are put in order then"
)
CONTENT: dict[str, Any] = dict.fromkeys(MEDIA_TYPES.values(), BINARY)  # the format that came, when not told
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": CONTENT, "headers": RANGE_HEADERS},
    206: {"description": "The part that Range asks for", "content": {**CONTENT, **RANGES}},
    **problem_responses(400, 404, 416, 422),
}


@router.get("", operation_id="job_pictures", responses=problem_responses(404, 422))
def job_pictures(
    job_id: JobId,
    state: StateDep,
    caller: CallerDep,
    after: Annotated[int, Query(ge=0, le=10**9, description=SEEN)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="files of one page")] = 100,
) -> TranslatedFiles:
    """What became of each file so far."""
    folder = state["jobs"].folder(job_id, caller)
    return TranslatedFiles(files=translated_files(folder, url_of(job_id), after, limit))


@router.get("/{name:path}", operation_id="job_picture", response_class=Response, responses=RESPONSES)
def job_picture(
    job_id: JobId,
    name: Annotated[str, Path(description="as links give it", examples=["inner/b.jpg"])],
    state: StateDep,
    caller: CallerDep,
) -> Response:
    path, media_type = picture(state["jobs"].folder(job_id, caller), name)
    return File(path, media_type=media_type, content_disposition_type="inline", filename=path.name)
