"""A job, removed: its row before its folder, so that what a crash leaves cannot be reached."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs.command import check_ended
from app.jobs.faults import JobNotOver, JobRunning
from app.jobs.folder import JobFolder
from app.jobs.ledger import ID, owned
from app.jobs.queue import Queue, ticket_id
from app.jobs.states import FINISHED, State


def remove(database: Database, queue: Queue, runs_dir: Path, job_id: str, owner: str | None = None) -> None:
    """One that is over, and whose command has ended.

    Raises UnknownJob, also of one that is not the owner's, JobRunning, JobNotOver, StillAtWork,
    DatabaseFault.
    """
    folder = JobFolder(runs_dir / job_id)
    with owned(database, job_id, owner) as (_, job):
        _check_over(job)
    check_ended(folder)  # its worker may be no more, and the job cancelled since
    queue.forget([ticket_id(job_id, number) for number in range(1, job.ticket + 1)])
    with owned(database, job_id, owner) as (session, job):
        _check_over(job)  # nobody has tried it again meanwhile
        session.delete(job)
    folder.remove()


def orphans(database: Database, runs_dir: Path, before: datetime) -> Iterator[JobFolder]:
    """Folders that no job has, and that nobody has changed since. Raises DatabaseFault."""
    folders = [path for path in runs_dir.glob("*") if re.fullmatch(ID, path.name)]
    with database.reading() as session:
        known = {*session.scalars(select(JobRow.id))}
    for path in folders:
        with suppress(FileNotFoundError):  # another worker was faster
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if path.name not in known and changed < before:
                yield JobFolder(path)


def _check_over(job: JobRow) -> None:
    if job.state == State.RUNNING:
        raise JobRunning(job.state, "cancel it first, or wait for its end")
    if job.state not in FINISHED:
        raise JobNotOver(job.state)
