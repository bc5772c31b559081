"""What goes in time, and what stays."""

import fcntl
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.database.connection import Database
from app.database.tables import EventRow, IdempotencyRow, JobRow
from app.jobs import command
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.ledger import Idempotency, Ledger, Order, new_id
from app.jobs.queue import Queue
from app.jobs.sweep import JobAges, Sweep

AGES = JobAges(files=timedelta(days=7), all=timedelta(days=90))


def test_files_go_before_the_job_and_a_job_with_all_that_is_of_it(
    database: Database, ledger: Ledger, queue: Queue, data: Path
) -> None:
    desk, sweep = Desk(database, "here-cpu"), Sweep(database, queue, data / "runs", AGES)
    made = {}
    for state in ("succeeded", "failed", "queued"):
        job = ledger.create(Order("translate", {}), Idempotency(state, ""))[0]
        made[state] = JobFolder(data / "runs" / job.id)
        made[state].path.mkdir(parents=True)
        if state != "queued":
            desk.take(Ticket(job.id, 1))
    desk.succeed(Ticket(made["succeeded"].path.name, 1), {})
    desk.fail(Ticket(made["failed"].path.name, 1), "diverged", "")

    def left(days: float) -> tuple[set[str], int, int, int]:
        sweep.sweep(datetime.now(UTC) + timedelta(days=days))
        with database.reading() as session:
            counts = [session.query(kind).count() for kind in (JobRow, IdempotencyRow)]
            of_jobs = len({row.job_id for row in session.query(EventRow)})
        return {state for state, folder in made.items() if folder.path.exists()}, *counts, of_jobs

    assert left(0.5) == ({"succeeded", "failed", "queued"}, 3, 3, 3)
    assert left(8) == ({"failed", "queued"}, 3, 0, 3)
    assert left(91) == ({"queued"}, 1, 0, 1)


def test_a_folder_that_a_crash_has_left_without_a_job_goes_in_time(
    database: Database, ledger: Ledger, queue: Queue, data: Path
) -> None:
    orphan, others = JobFolder(data / "runs" / new_id()), data / "runs" / "mine"
    orphan.keep(b"a picture")
    others.mkdir()
    job = ledger.create(Order("translate", {}))[0]
    JobFolder(data / "runs" / job.id).keep(b"a picture")
    sweep = Sweep(database, queue, data / "runs", AGES)
    sweep.sweep(datetime.now(UTC) + timedelta(days=89))
    assert orphan.picture()
    sweep.sweep(datetime.now(UTC) + timedelta(days=91))
    assert {path.name for path in (data / "runs").iterdir()} == {"mine", job.id}


def test_what_a_command_still_works_in_stays(
    database: Database, ledger: Ledger, queue: Queue, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a worker that was killed: of jobs that are over, and of none."""
    monkeypatch.setattr(command, "LOOK_S", 0.0)
    done, cancelled = (ledger.create(Order("translate", {}))[0] for _ in range(2))
    desk = Desk(database, "here-cpu")
    desk.take(Ticket(done.id, 1))
    desk.succeed(Ticket(done.id, 1), {})
    ledger.cancel(cancelled.id, None)
    folders = [JobFolder(data / "runs" / name) for name in (done.id, cancelled.id, new_id())]
    sweep = Sweep(database, queue, data / "runs", AGES)
    with ExitStack() as working:
        for folder in folders:
            folder.keep(b"a picture")
            fcntl.flock(working.enter_context(folder.lock.open("w")), fcntl.LOCK_EX)
        for days in (8, 91):
            sweep.sweep(datetime.now(UTC) + timedelta(days=days))
            assert all(folder.picture() for folder in folders)
    sweep.sweep(datetime.now(UTC) + timedelta(days=91))
    assert [*(data / "runs").iterdir()] == []
