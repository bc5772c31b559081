"""A job's row as it is shown."""

from pathlib import Path

from app.database.tables import JobRow, Json
from app.jobs.desk import PROGRESS, SAMPLE
from app.jobs.folder import JobFolder
from app.jobs.progress import Progress
from app.jobs.schemas import JobDetails, JobFault, JobLinks, Sample
from app.jobs.states import FINISHED, State

URL = "/v1/jobs"


def url_of(job_id: str) -> str:
    return f"{URL}/{job_id}"


def details(job: JobRow, folder: JobFolder) -> JobDetails:
    url, is_training = url_of(job.id), job.kind == "train"
    progress = Progress.model_validate(shown(job.id, PROGRESS, job.progress)) if job.progress else None
    return JobDetails(
        id=job.id,
        kind=job.kind,
        state=State(job.state),
        wanted=State(job.wanted) if job.wanted else None,
        attempt=job.attempt,
        params=job.params,
        progress=progress,
        result=job.result,
        error=JobFault.model_validate(job.error) if job.error else None,
        created=job.created,
        started=job.started,
        finished=job.finished,
        links=JobLinks(
            self=url,
            events=f"{url}/events",
            log=f"{url}/log",
            samples=f"{url}/samples" if is_training else None,
            evaluations=f"{url}/evaluations" if is_training else None,
            pictures=f"{url}/pictures" if job.kind == "translate" and job.dataset else None,
            result=f"{url}/result" if _may_have_result(job, folder) else None,
        ),
    )


def _may_have_result(job: JobRow, folder: JobFolder) -> bool:
    """Whether there is one, or may be once it is over."""
    return job.state not in FINISHED or (job.state == State.SUCCEEDED and folder.result.is_file())


def shown(job_id: str, name: str, data: Json) -> Json:
    """An event's data, with a link where the name of a sample grid is kept."""
    if name not in (PROGRESS, SAMPLE) or not data.get("sample"):
        return data
    return {**data, "sample": sample_url(job_id, data["sample"])}


def sample(job_id: str, file: Path) -> Sample:
    return Sample(step=int(file.stem), url=sample_url(job_id, file.name))


def sample_url(job_id: str, name: str) -> str:
    return f"{url_of(job_id)}/samples/{name}"
