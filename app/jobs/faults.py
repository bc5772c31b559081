"""What cannot be done with a job."""

from app.jobs.states import State

ENDED: dict[str, str] = {
    State.SUCCEEDED: "has succeeded",
    State.FAILED: "has failed",
    State.CANCELLED: "was cancelled",
}


class UnknownJob(LookupError):
    def __init__(self) -> None:
        super().__init__("there is no job with this id, or none of yours")


class JobConflict(ValueError):
    """Of what is asked with the job's state."""


class JobFinished(JobConflict):
    def __init__(self, state: str) -> None:
        advice = "order another" if state == State.SUCCEEDED else "a retry takes it up where it was"
        super().__init__(f"the job {ENDED[state]} already: {advice}")


class JobRunning(JobConflict):
    def __init__(self, state: str, advice: str) -> None:
        super().__init__(f"the job is {state}: {advice}")


class JobNotOver(JobConflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"the job is {state}: cancel it first, then delete it")


class CancelWanted(JobConflict):
    def __init__(self) -> None:
        super().__init__("the job is about to be cancelled: once it is, a retry takes it up")


class JobUnfinished(JobConflict):
    retry_after_s = 2

    def __init__(self, state: str) -> None:
        super().__init__(f"the job is {state} and has no result yet")


class NoJobResult(LookupError):
    def __init__(self, state: str) -> None:
        super().__init__(f"the job {ENDED[state]}, and there is no result, or no more")


class UnknownSample(LookupError):
    def __init__(self) -> None:
        super().__init__("the job has no sample grid of this name; see its samples")


class UnknownPicture(LookupError):
    def __init__(self) -> None:
        super().__init__("the job has no picture of this name, or no more; see its pictures")


class IdempotencyKeyReused(ValueError):
    def __init__(self) -> None:
        super().__init__("this Idempotency-Key came with another request before: give each request its own")


class TooManyJobs(RuntimeError):
    retry_after_s = 30

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} jobs of this owner are not over yet, as many as may be: cancel some, or try later"
        )
        self.limit = limit


class DatasetInUse(ValueError):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"the job {job_id} needs this dataset: cancel it first, or wait for its end")


class VersionInUse(ValueError):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"the job {job_id} needs it: cancel it first, or wait for its end")


class BadOrder(ValueError):
    """What can never be done, whatever the service has."""


class UnfitDataset(ValueError):
    """A single where a pair is needed, or the other way round."""


class TooManyStreams(RuntimeError):
    retry_after_s = 10

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} event streams are open; try again later, or ask for the job itself")
        self.limit = limit
