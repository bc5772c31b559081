"""Jobs as the routes call them: whose they are, and whether what is asked for can be done."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from sqlalchemy import false, select, update

from app.archives.faults import disk_full_is_told
from app.auth import Forbidden
from app.database.connection import Database
from app.database.migration import upgrade
from app.database.tables import EventRow, JobRow, Json
from app.datasets.store import DatasetStore
from app.jobs.caller import Caller
from app.jobs.faults import (
    DatasetInUse,
    JobUnfinished,
    NoJobResult,
    UnknownJob,
    UnknownSample,
    VersionInUse,
)
from app.jobs.folder import JobFolder
from app.jobs.kinds import KINDS
from app.jobs.ledger import Idempotency, Ledger, Order, counts_of, new_id, unfinished_by, unfinished_of
from app.jobs.orders import OrderResolver
from app.jobs.queue import Queue
from app.jobs.removal import remove
from app.jobs.schemas import ExportRequest, JobDetails, JobRequest
from app.jobs.states import FINISHED, State
from app.jobs.views import details
from translation.registry import Registry


class Jobs:
    """Used as an asynchronous context, its methods in any thread. All of it raises DatabaseFault."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        datasets: DatasetStore,
        runs_dir: Path,
        default_model: Callable[[], str],
        max_unfinished: int,
    ) -> None:
        """`default_model` is of an order that names none; it raises UnknownModel."""
        self._resolver = OrderResolver(registry, datasets, default_model)
        self._database = database
        self._runs_dir = runs_dir
        self._queue = Queue(database)
        self.ledger = Ledger(database, self._queue, max_unfinished)

    async def __aenter__(self) -> Self:
        """Brings the database to this version first. Raises DatabaseFault."""
        await asyncio.to_thread(upgrade, self._database)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._queue.close)
        await asyncio.to_thread(self._database.close)

    def check_writable(self) -> None:
        """Waits for another writer as any order does. Raises DatabaseFault."""
        with self._database.writing() as session:
            # nothing is asked of the database before the first statement
            session.execute(update(JobRow).where(false()).values(state=JobRow.state))

    def counts(self) -> dict[str, int]:
        """Of all jobs, by state."""
        return counts_of(self._database)

    def submit(
        self,
        request: JobRequest,
        caller: Caller,
        idempotency_key: str | None = None,
    ) -> JobRow:
        """A new job, or that of an earlier request with the same key.

        Raises Forbidden, what OrderResolver.resolve does, IdempotencyKeyReused, TooManyJobs.
        """
        _check_scope(request.kind, caller)
        given = _idempotency(idempotency_key, request.model_dump_json().encode())
        if given and (job := self.ledger.remembered(caller.owner, given)):
            return job  # whatever has become of what it needed
        dataset = None if isinstance(request, ExportRequest) else request.dataset
        order = Order(request.kind, self._resolver.resolve(request), caller.owner, dataset)
        return self.ledger.create(order, given)[0]

    def submit_picture(
        self, picture: bytes, params: Json, caller: Caller, idempotency_key: str | None = None
    ) -> JobRow:
        """A translation of this one. Raises what `submit` does, and OutOfSpace."""
        body = json.dumps(params, sort_keys=True).encode() + hashlib.sha256(picture).digest()
        given = _idempotency(idempotency_key, body)
        if given and (known := self.ledger.remembered(caller.owner, given)):
            return known
        order = Order("translate", self._resolver.with_model(params), caller.owner, id=new_id())
        folder, is_new = JobFolder(self._runs_dir / str(order.id)), False
        try:
            with disk_full_is_told():
                folder.keep(picture)
            job, is_new = self.ledger.create(order, given)
        finally:
            if not is_new:
                folder.remove()
        return job

    def get(self, job_id: str, caller: Caller) -> JobRow:
        """Raises UnknownJob."""
        with self._database.reading() as session:
            job = session.get(JobRow, job_id)
        if job is None or caller.sees not in (None, job.owner):
            raise UnknownJob
        return job

    def details(self, job: JobRow) -> JobDetails:
        return details(job, JobFolder(self._runs_dir / job.id))

    def retry(self, job_id: str, caller: Caller) -> JobRow:
        """Raises what Ledger.retry does, UnknownDataset, UnknownModel, UnknownVersion."""
        check_needs(self.get(job_id, caller), self._resolver.datasets, self._resolver.registry)
        return self.ledger.retry(job_id, caller.sees)

    def remove(self, job_id: str, caller: Caller) -> None:
        """Raises UnknownJob, JobRunning, JobNotOver, StillAtWork."""
        remove(self._database, self._queue, self._runs_dir, job_id, caller.sees)

    def page(
        self, caller: Caller, state: State | None, kind: str | None, cursor: str | None, limit: int
    ) -> Sequence[JobRow]:
        """The newest first, those older than the cursor."""
        wanted = {JobRow.owner: caller.sees, JobRow.state: state, JobRow.kind: kind}
        query = select(JobRow).where(*(column == value for column, value in wanted.items() if value))
        if cursor:
            query = query.where(JobRow.id < cursor)
        with self._database.reading() as session:
            return session.scalars(query.order_by(JobRow.id.desc()).limit(limit)).all()

    def events(self, job_id: str, after: int, limit: int) -> Sequence[EventRow]:
        query = select(EventRow).where(EventRow.job_id == job_id, EventRow.id > after)
        with self._database.reading() as session:
            return session.scalars(query.order_by(EventRow.id).limit(limit)).all()

    def folder(self, job_id: str, caller: Caller) -> JobFolder:
        """Raises UnknownJob."""
        return JobFolder(self._runs_dir / self.get(job_id, caller).id)

    def log(self, job_id: str, max_bytes: int, caller: Caller) -> str:
        """The end of it. Raises UnknownJob."""
        path = self.folder(job_id, caller).log
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - max_bytes))
            return file.read().decode("utf-8", "replace")

    def result(self, job_id: str, caller: Caller) -> Path:
        """Raises UnknownJob, JobUnfinished, NoJobResult."""
        job = self.get(job_id, caller)
        if job.state not in FINISHED:
            raise JobUnfinished(job.state)
        path = JobFolder(self._runs_dir / job.id).result
        if job.state != State.SUCCEEDED or not path.is_file():
            raise NoJobResult(job.state)
        return path

    def sample(self, job_id: str, name: str, caller: Caller) -> Path:
        """Raises UnknownJob, UnknownSample."""
        for path in self.folder(job_id, caller).samples():
            if path.name == name:
                return path
        raise UnknownSample

    def check_unused(self, dataset: str) -> None:
        """Raises DatasetInUse."""
        if job_id := unfinished_of(self._database, dataset):
            raise DatasetInUse(job_id)

    def check_unneeded(self, model: str, version: str | None = None) -> None:
        """That version of the model, or any. Raises VersionInUse."""
        if job_id := unfinished_by(self._database, model, version):
            raise VersionInUse(job_id)


def check_needs(job: JobRow, datasets: DatasetStore, registry: Registry) -> None:
    """Whether they are there still. Raises UnknownDataset, UnknownModel, UnknownVersion."""
    if job.dataset:
        datasets.get(job.dataset)
    if version := job.params.get("version"):
        registry.folder(job.params["model"], version)


def _check_scope(kind: str, caller: Caller) -> None:
    """Raises Forbidden."""
    scope = KINDS[kind].scope
    if caller.key and not caller.key.allows(scope):
        raise Forbidden(scope)


def _idempotency(key: str | None, body: bytes) -> Idempotency | None:
    return Idempotency(key, hashlib.sha256(body).hexdigest()) if key else None
