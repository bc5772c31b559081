"""The ledger as a worker writes it: for the ticket that it holds, and no more once that is void."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database.connection import Database
from app.database.tables import JobRow, Json
from app.jobs.faults import UnknownJob
from app.jobs.ledger import changing, enter, note
from app.jobs.progress import Progress
from app.jobs.queue import Queue
from app.jobs.states import WAITING, State

MAX_INTERRUPTIONS = 5  # in a row, without a step between them: then it is the job that ends its worker
PROGRESS, SAMPLE = "progress", "sample"


class TicketVoid(RuntimeError):
    """The job was paused, cancelled, removed or given to another worker in the meantime."""


@dataclass(frozen=True)
class Ticket:
    job_id: str
    number: int


class Desk:
    """Raises TicketVoid and DatabaseFault wherever it writes."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database, self._worker = database, worker

    def take(self, ticket: Ticket) -> JobRow:
        """It runs from here on. One that was interrupted too often has failed; then it is void as well."""
        with self._changing(ticket) as (session, job):
            if job.ticket != ticket.number or job.state not in (*WAITING, State.RUNNING):
                raise TicketVoid
            if job.state == State.RUNNING and job.worker != self._worker:
                raise TicketVoid
            if job.state in WAITING:
                self._start(session, job)
        if job.state == State.FAILED:
            raise TicketVoid
        return job

    def wanted(self, ticket: Ticket) -> State | None:
        """What its owner wants of it: to be paused, or cancelled."""
        with self._database.reading() as session:
            job = session.get(JobRow, ticket.job_id)
            if job is None or not self._holds(job, ticket):
                raise TicketVoid
            return State(job.wanted) if job.wanted else None

    def report(self, ticket: Ticket, progress: Progress, with_event: bool) -> None:
        with self._held(ticket) as (session, job):
            before = Progress.model_validate(job.progress) if job.progress else None
            job.progress = progress.model_dump(mode="json")
            if before is None or progress.done > before.done:
                job.interruptions = 0
            if with_event:
                note(session, job, PROGRESS, job.progress)
            if progress.sample and (before is None or progress.sample != before.sample):
                note(session, job, SAMPLE, {"sample": progress.sample})

    def interrupt(self, ticket: Ticket) -> None:
        """Or what its owner wants by now: it is paused, or cancelled."""
        with self._held(ticket) as (session, job):
            _interrupt(session, job)

    def give_back(self, ticket: Ticket, queue: Queue) -> bool:
        """True if the job was this worker's, running or still waiting: it is queued under a new ticket then.
        False if somebody else has it, or it is over."""
        with self._changing(ticket) as (session, job):
            if self._holds(job, ticket):
                _interrupt(session, job)
            is_ours = job.ticket == ticket.number and job.state in WAITING
            if is_ours:
                job.ticket += 1
                job.worker = None
                queue.put(session, job)
        return is_ours

    def succeed(self, ticket: Ticket, result: Json) -> None:
        with self._held(ticket) as (session, job):
            job.result = result
            enter(session, job, State.SUCCEEDED)

    def fail(self, ticket: Ticket, slug: str, detail: str) -> None:
        with self._held(ticket) as (session, job):
            _fail(session, job, slug, detail)

    def interrupt_all_of(self, worker: str) -> None:
        """Of one that is no more."""
        with self._database.reading() as session:
            jobs = session.scalars(
                select(JobRow.id).where(JobRow.worker == worker, JobRow.state == State.RUNNING)
            ).all()
        for job_id in jobs:
            with suppress(UnknownJob), changing(self._database, job_id) as (session, job):
                if job.worker == worker and job.state == State.RUNNING:
                    _interrupt(session, job)

    def workers(self) -> Sequence[str]:
        """Those that have a job, dead or alive."""
        with self._database.reading() as session:
            held = select(JobRow.worker).where(JobRow.state.in_((State.RUNNING, State.INTERRUPTED)))
            return [worker for worker in session.scalars(held.distinct()) if worker]

    def interrupted_of(self, worker: str) -> Sequence[Ticket]:
        with self._database.reading() as session:
            jobs = select(JobRow).where(JobRow.worker == worker, JobRow.state == State.INTERRUPTED)
            return [Ticket(job.id, job.ticket) for job in session.scalars(jobs)]

    def adopt(self, ticket: Ticket, worker: str) -> None:
        """An interrupted job of another, whose ticket lies in the queue again."""
        with suppress(UnknownJob), changing(self._database, ticket.job_id) as (_, job):
            if (job.ticket, job.worker, job.state) == (ticket.number, worker, State.INTERRUPTED):
                job.worker = self._worker

    def _start(self, session: Session, job: JobRow) -> None:
        job.interruptions += job.state == State.INTERRUPTED
        if job.interruptions > MAX_INTERRUPTIONS:
            _fail(
                session,
                job,
                "interrupted",
                f"it was interrupted {job.interruptions} times without a step between: retry it once "
                "you know what ends it; the machine may have too little memory",
            )
            return
        job.worker = self._worker
        job.attempt += 1
        enter(session, job, State.RUNNING)

    def _holds(self, job: JobRow, ticket: Ticket) -> bool:
        return (job.ticket, job.worker, job.state) == (ticket.number, self._worker, State.RUNNING)

    @contextmanager
    def _changing(self, ticket: Ticket) -> Iterator[tuple[Session, JobRow]]:
        try:
            with changing(self._database, ticket.job_id) as found:
                yield found
        except UnknownJob:
            raise TicketVoid from None

    @contextmanager
    def _held(self, ticket: Ticket) -> Iterator[tuple[Session, JobRow]]:
        with self._changing(ticket) as (session, job):
            if not self._holds(job, ticket):
                raise TicketVoid
            yield session, job


def _fail(session: Session, job: JobRow, slug: str, detail: str) -> None:
    job.error = {"type": slug, "detail": detail}
    enter(session, job, State.FAILED)


def _interrupt(session: Session, job: JobRow) -> None:
    """What its owner has asked for meanwhile is done herewith."""
    enter(session, job, State(job.wanted) if job.wanted else State.INTERRUPTED)
