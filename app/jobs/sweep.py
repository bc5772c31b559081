"""What goes in time: the files of jobs that have succeeded, then all of a job that ended long ago.

And folders of as long ago that no job leads to: of a crash between the one and the other.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select

from app.database.connection import Database
from app.database.tables import IdempotencyRow, JobRow
from app.jobs.command import StillAtWork, check_ended
from app.jobs.faults import JobRunning, UnknownJob
from app.jobs.folder import JobFolder
from app.jobs.ledger import IDEMPOTENCY_AGE
from app.jobs.queue import Queue
from app.jobs.removal import orphans, remove
from app.jobs.states import FINISHED, State

EVERY_S = 3600.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobAges:
    """Since a job's end. One that failed or was cancelled keeps its files as long as itself: for a retry."""

    files: timedelta
    all: timedelta


class Sweep:
    def __init__(self, database: Database, queue: Queue, runs_dir: Path, ages: JobAges) -> None:
        self._database, self._queue, self._runs_dir, self._ages = database, queue, runs_dir, ages
        self._due = 0.0

    def when_due(self) -> None:
        """Raises DatabaseFault."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY_S
            self.sweep(datetime.now(UTC))

    def sweep(self, now: datetime) -> None:
        """Raises DatabaseFault."""
        with self._database.reading() as session:
            ended = select(JobRow).where(JobRow.state.in_(FINISHED))
            old = session.scalars(ended.where(JobRow.finished < now - self._ages.all)).all()
            done = JobRow.state == State.SUCCEEDED, JobRow.finished < now - self._ages.files
            without_files = session.scalars(ended.where(*done)).all()
        for job in without_files:
            _remove_unless_at_work(JobFolder(self._runs_dir / job.id))
        for job in old:
            with suppress(UnknownJob, JobRunning, StillAtWork):  # removed, or tried again, just now
                remove(self._database, self._queue, self._runs_dir, job.id)
                logger.info("job %s ended on %s and is removed", job.id, job.finished)
        for folder in orphans(self._database, self._runs_dir, now - self._ages.all):
            if _remove_unless_at_work(folder):
                logger.warning("%s was of no job and is removed", folder.path)
        with self._database.writing() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.created < now - IDEMPOTENCY_AGE))


def _remove_unless_at_work(folder: JobFolder) -> bool:
    """Whether it is removed: not from under a command, whose worker may be no more."""
    try:
        check_ended(folder)
    except StillAtWork:
        return False
    folder.remove()
    return True
