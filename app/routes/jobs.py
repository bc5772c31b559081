"""/v1/jobs: work that takes longer than a request, from its order to its result."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import PlainTextResponse
from starlette.responses import Response, StreamingResponse

from app.dependencies import CallerDep, IdempotencyKey, StateDep
from app.files import BINARY, RANGE_HEADERS, RANGES, File
from app.jobs.evaluations import JobEvaluations, evaluations
from app.jobs.folder import SAMPLE
from app.jobs.kinds import KINDS
from app.jobs.ledger import ID
from app.jobs.schemas import ACCEPTED, RETRY, RETRY_S, JobDetails, JobPage, JobRequest, Samples
from app.jobs.states import FINISHED, State
from app.jobs.views import sample, url_of
from app.problems import problem_responses

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

MAX_PAGE = 200
EVENT_STREAM = "text/event-stream"
JobId = Annotated[str, Path(alias="id", pattern=ID, description="of the job")]
CONFLICTS = problem_responses(404, 409, 422, 507)
ORDERED: dict[int | str, dict[str, Any]] = {
    202: ACCEPTED,
    **problem_responses(400, 403, 404, 408, 413, 415, 422, 507),
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events state, progress, sample and, the last one, done, with data in JSON",
        "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
    },
    204: {"description": "Nothing more is to come: do not reconnect"},
    **problem_responses(404, 422, 429),
}
LOG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The log", "content": {"text/plain": {"schema": {"type": "string"}}}},
    **problem_responses(404, 422),
}


def _file(media_type: str, description: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {media_type: BINARY}
    return {
        200: {"description": description, "content": content, "headers": RANGE_HEADERS},
        206: {"description": "The part that Range asks for", "content": {**content, **RANGES}},
        **problem_responses(400, 404, 416, 422, *statuses),
    }


@router.post("", operation_id="create_job", status_code=202, responses=ORDERED)
def create_job(
    order: JobRequest,
    response: Response,
    state: StateDep,
    caller: CallerDep,
    idempotency_key: IdempotencyKey = None,
) -> JobDetails:
    """Order a training, a translation of many pictures, an evaluation, or an export."""
    job = state["jobs"].submit(order, caller, idempotency_key)
    response.headers.update({"Location": url_of(job.id), "Retry-After": str(RETRY_S)})
    return state["jobs"].details(job)


@router.get("", operation_id="list_jobs", responses=problem_responses(422))
def list_jobs(
    state: StateDep,
    caller: CallerDep,
    in_state: Annotated[State | None, Query(alias="state", description="only those")] = None,
    kind: Annotated[str | None, Query(pattern=f"^({'|'.join(KINDS)})$", description="only those")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="jobs of one page")] = 50,
    cursor: Annotated[
        str | None, Query(pattern=ID, description="the `next_cursor` of the page before")
    ] = None,
) -> JobPage:
    """The caller's own, with a key that is not of an admin."""
    jobs = state["jobs"].page(caller, in_state, kind, cursor, limit + 1)
    page = jobs[:limit]
    return JobPage(
        jobs=[state["jobs"].details(job) for job in page],
        next_cursor=page[-1].id if len(jobs) > limit else None,
    )


@router.get(
    "/{id}",
    operation_id="show_job",
    responses={200: {"headers": RETRY}, **problem_responses(404, 422)},
)
def show_job(job_id: JobId, response: Response, state: StateDep, caller: CallerDep) -> JobDetails:
    job = state["jobs"].get(job_id, caller)
    if job.state not in FINISHED:
        response.headers["Retry-After"] = str(RETRY_S)
    return state["jobs"].details(job)


@router.get("/{id}/events", operation_id="job_events", response_class=Response, responses=EVENTS)
async def job_events(
    job_id: JobId,
    request: Request,
    state: StateDep,
    caller: CallerDep,
    last_event_id: Annotated[
        int, Header(ge=0, le=2**63 - 1, description="the last one that was seen; 0 for all of them")
    ] = 0,
) -> Response:
    """Server-sent events, as they come: state, progress, sample, done."""
    streams = state["streams"]
    streams.check_room()
    job = await streams.find(job_id, caller)
    if await streams.is_over(job, last_event_id):
        return Response(status_code=204)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    events = streams.follow(job.id, last_event_id, request.is_disconnected)
    return StreamingResponse(events, media_type=EVENT_STREAM, headers=headers)


@router.get("/{id}/log", operation_id="job_log", response_class=PlainTextResponse, responses=LOG)
def job_log(
    job_id: JobId,
    state: StateDep,
    caller: CallerDep,
    tail: Annotated[int, Query(ge=1, le=1_000_000, description="so many bytes of its end")] = 100_000,
) -> PlainTextResponse:
    """What the job's commands said."""
    return PlainTextResponse(state["jobs"].log(job_id, tail, caller))


@router.get("/{id}/samples", operation_id="job_samples", responses=problem_responses(404, 422))
def job_samples(job_id: JobId, state: StateDep, caller: CallerDep) -> Samples:
    files = state["jobs"].folder(job_id, caller).samples()
    return Samples(samples=[sample(job_id, file) for file in files])


@router.get("/{id}/evaluations", operation_id="job_evaluations", responses=problem_responses(404, 422))
def job_evaluations(job_id: JobId, state: StateDep, caller: CallerDep) -> JobEvaluations:
    """What a training has measured on the pictures of its validation split so far, both ways."""
    return JobEvaluations(evaluations=evaluations(state["jobs"].folder(job_id, caller)))


@router.get(
    "/{id}/samples/{name}",
    operation_id="job_sample",
    response_class=Response,
    responses=_file("image/png", "A row a picture: itself, its translations, the first translated back"),
)
def job_sample(
    job_id: JobId,
    name: Annotated[str, Path(pattern=f"^{SAMPLE}$", description="as links give it")],
    state: StateDep,
    caller: CallerDep,
) -> Response:
    path = state["jobs"].sample(job_id, name, caller)
    return File(path, media_type="image/png", content_disposition_type="inline", filename=name)


@router.get(
    "/{id}/result",
    operation_id="job_result",
    response_class=Response,
    responses=_file("application/zip", "A bundle, pictures and their report, or figures", 409),
)
def job_result(job_id: JobId, state: StateDep, caller: CallerDep) -> Response:
    """As a zip. It goes some days after the job's end; a bundle that was published stays."""
    path = state["jobs"].result(job_id, caller)
    return File(path, media_type="application/zip", filename=f"{job_id}.zip")


@router.post("/{id}/cancel", operation_id="cancel_job", status_code=202, responses=CONFLICTS)
def cancel_job(job_id: JobId, state: StateDep, caller: CallerDep) -> JobDetails:
    """End it. What it has done is kept for a retry; if it runs, it ends within moments.

    One that publishes its model by then succeeds.
    """
    return state["jobs"].details(state["jobs"].ledger.cancel(job_id, caller.sees))


@router.post("/{id}/pause", operation_id="pause_job", status_code=202, responses=CONFLICTS)
def pause_job(job_id: JobId, state: StateDep, caller: CallerDep) -> JobDetails:
    """Stop it for now, its device free for others; if it runs, it stops within moments.

    One that publishes its model by then succeeds.
    """
    return state["jobs"].details(state["jobs"].ledger.pause(job_id, caller.sees))


@router.post("/{id}/resume", operation_id="resume_job", status_code=202, responses=CONFLICTS)
def resume_job(job_id: JobId, state: StateDep, caller: CallerDep) -> JobDetails:
    """Go on with one that is paused, where it was."""
    return state["jobs"].details(state["jobs"].ledger.resume(job_id, caller.sees))


@router.post("/{id}/retry", operation_id="retry_job", status_code=202, responses=CONFLICTS)
def retry_job(job_id: JobId, state: StateDep, caller: CallerDep) -> JobDetails:
    """Take up one that has failed or was cancelled, where it was."""
    return state["jobs"].details(state["jobs"].retry(job_id, caller))


@router.delete(
    "/{id}", operation_id="delete_job", status_code=204, response_class=Response, responses=CONFLICTS
)
def delete_job(job_id: JobId, state: StateDep, caller: CallerDep) -> None:
    """With its files, a picture that came with the order among them. A model that it has published stays."""
    state["jobs"].remove(job_id, caller)
