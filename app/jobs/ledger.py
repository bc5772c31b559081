"""The states of jobs, in the database: every change is one transaction, with the event that tells of it."""

import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database.connection import Database
from app.database.tables import EventRow, IdempotencyRow, JobRow, Json
from app.jobs.faults import (
    CancelWanted,
    IdempotencyKeyReused,
    JobFinished,
    JobRunning,
    TooManyJobs,
    UnknownJob,
)
from app.jobs.queue import Queue
from app.jobs.states import FINISHED, State

IDEMPOTENCY_AGE = timedelta(hours=24)
STATE, DONE = "state", "done"
ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


@dataclass(frozen=True)
class Order:
    """A job to be. `id` may have been made before, for a folder of this name."""

    kind: str
    params: Json
    owner: str | None = None
    dataset: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Idempotency:
    key: str
    body_sha256: str


class Ledger:
    """Of whoever asks for jobs. All of it raises DatabaseFault."""

    def __init__(self, database: Database, queue: Queue, max_unfinished: int) -> None:
        """At most `max_unfinished` jobs of one owner are not over at a time."""
        self.database, self._queue, self._max_unfinished = database, queue, max_unfinished

    def create(self, order: Order, idempotency: Idempotency | None = None) -> tuple[JobRow, bool]:
        """And whether it is new; the job of an earlier request is not.

        Raises IdempotencyKeyReused, TooManyJobs.
        """
        try:
            return self._create(order, idempotency)
        except IntegrityError:  # the same key at the same time, and the other was faster
            return self._create(order, idempotency)

    def remembered(self, owner: str | None, idempotency: Idempotency) -> JobRow | None:
        """The job of an earlier request with this key. Raises IdempotencyKeyReused."""
        with self.database.writing() as session:
            row = self._remembered(session, owner or "", idempotency)
            return session.get_one(JobRow, row.job_id) if row else None

    def cancel(self, job_id: str, owner: str | None) -> JobRow:
        """Raises UnknownJob, JobFinished."""
        return self._ask_to_stop(job_id, owner, State.CANCELLED)

    def pause(self, job_id: str, owner: str | None) -> JobRow:
        """Raises UnknownJob, JobFinished, CancelWanted."""
        return self._ask_to_stop(job_id, owner, State.PAUSED)

    def resume(self, job_id: str, owner: str | None) -> JobRow:
        """Raises UnknownJob, JobFinished, JobRunning."""
        with owned(self.database, job_id, owner) as (session, job):
            if job.state in FINISHED:
                raise JobFinished(job.state)
            if job.state != State.PAUSED:
                raise JobRunning(job.state, "only one that is paused is resumed")
            self._queue_again(session, job)
        return job

    def retry(self, job_id: str, owner: str | None) -> JobRow:
        """Of what has failed or was cancelled. Raises UnknownJob, JobFinished, JobRunning, TooManyJobs."""
        with owned(self.database, job_id, owner) as (session, job):
            if job.state == State.SUCCEEDED:
                raise JobFinished(job.state)
            if job.state not in FINISHED:
                raise JobRunning(job.state, "let it end, or cancel it first")
            self._check_room(session, job.owner)
            job.error = job.finished = None
            _take_back_end(session, job)
            self._queue_again(session, job)
        return job

    def _create(self, order: Order, idempotency: Idempotency | None) -> tuple[JobRow, bool]:
        with self.database.writing() as session:
            row = self._remembered(session, order.owner or "", idempotency) if idempotency else None
            if row:
                return session.get_one(JobRow, row.job_id), False
            self._check_room(session, order.owner)
            job = JobRow(
                id=order.id or new_id(),
                kind=order.kind,
                params=order.params,
                owner=order.owner,
                dataset=order.dataset,
                **{"ticket": 0, "attempt": 0, "interruptions": 0},
                created=datetime.now(UTC),
            )
            session.add(job)
            self._queue_again(session, job)
            if idempotency:
                session.add(
                    IdempotencyRow(
                        owner=order.owner or "",
                        key=idempotency.key,
                        body_sha256=idempotency.body_sha256,
                        job_id=job.id,
                        created=job.created,
                    )
                )
            session.flush()  # what collides is found inside
        return job, True

    def _check_room(self, session: Session, owner: str | None) -> None:
        """Raises TooManyJobs. Two at the same time may both pass on PostgreSQL, and so one over the limit."""
        unfinished = select(func.count()).where(JobRow.owner.is_not_distinct_from(owner))
        count = session.scalar(unfinished.where(JobRow.state.not_in(FINISHED))) or 0
        if count >= self._max_unfinished:
            raise TooManyJobs(self._max_unfinished)

    def _remembered(self, session: Session, owner: str, given: Idempotency) -> IdempotencyRow | None:
        row = session.get(IdempotencyRow, (owner, given.key))
        if row and row.created < datetime.now(UTC) - IDEMPOTENCY_AGE:
            session.delete(row)
            session.flush()
            return None
        if row and row.body_sha256 != given.body_sha256:
            raise IdempotencyKeyReused
        return row

    def _ask_to_stop(self, job_id: str, owner: str | None, wanted: State) -> JobRow:
        """At once where no worker has it; else its worker is told."""
        with owned(self.database, job_id, owner) as (session, job):
            if job.state in FINISHED:
                raise JobFinished(job.state)
            if job.wanted == State.CANCELLED != wanted:
                raise CancelWanted
            if job.state == State.RUNNING:
                job.wanted = wanted
            elif job.state != wanted:
                enter(session, job, wanted)
        return job

    def _queue_again(self, session: Session, job: JobRow) -> None:
        job.ticket += 1
        job.interruptions = 0
        enter(session, job, State.QUEUED)
        self._queue.put(session, job)


@contextmanager
def changing(database: Database, job_id: str) -> Iterator[tuple[Session, JobRow]]:
    """Raises UnknownJob."""
    with database.writing() as session:
        job = session.get(JobRow, job_id, with_for_update=True)
        if job is None:
            raise UnknownJob
        yield session, job


@contextmanager
def owned(database: Database, job_id: str, owner: str | None) -> Iterator[tuple[Session, JobRow]]:
    """Anybody's, where no owner is given. Raises UnknownJob."""
    with changing(database, job_id) as (session, job):
        if owner is not None and job.owner != owner:
            raise UnknownJob
        yield session, job


def enter(session: Session, job: JobRow, state: State) -> None:
    now = datetime.now(UTC)
    job.state = state
    if state == State.RUNNING:
        job.started = job.started or now
    elif state != State.INTERRUPTED:
        job.wanted = None
    if state not in (State.RUNNING, State.INTERRUPTED):
        job.worker = None
    session.flush()  # an event may only come after its job
    note(session, job, STATE, {"state": state, "attempt": job.attempt, "error": job.error})
    if state in FINISHED:
        job.finished = now
        note(session, job, DONE, {"state": state})


def _take_back_end(session: Session, job: JobRow) -> None:
    """`done` stays the last of a job's events, whoever reads them from the first on."""
    session.execute(delete(EventRow).where(EventRow.job_id == job.id, EventRow.name == DONE))


def note(session: Session, job: JobRow, name: str, data: Json) -> None:
    session.add(EventRow(job_id=job.id, name=name, data=data, created=datetime.now(UTC)))
    session.flush()  # ids rise in this order


def unfinished_of(database: Database, dataset: str) -> str | None:
    """A job that needs the dataset still."""
    with database.reading() as session:
        jobs = select(JobRow.id).where(JobRow.dataset == dataset, JobRow.state.not_in(FINISHED))
        return session.scalar(jobs.limit(1))


def unfinished_by(database: Database, model: str, version: str | None) -> str | None:
    """A job that is made by this version of the model, or by any, and not yet."""
    with database.reading() as session:
        jobs = session.scalars(select(JobRow).where(JobRow.state.not_in(FINISHED)))
        made_by = (job for job in jobs if "version" in job.params and job.params["model"] == model)
        return next((job.id for job in made_by if version in (None, job.params["version"])), None)


def counts_of(database: Database) -> dict[str, int]:
    """How many jobs there are, by state, where there are any."""
    with database.reading() as session:
        rows = session.execute(select(JobRow.state, func.count()).group_by(JobRow.state)).all()
        return {state: count for state, count in rows}


def new_id() -> str:
    """A UUID of version 7, RFC 9562 section 5.7: milliseconds first, so later ones are larger."""
    time_ms = time.time_ns() // 1_000_000
    bits = time_ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))
