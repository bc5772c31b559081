"""What becomes of the jobs of a worker that is no more."""

import fcntl
from pathlib import Path

import pytest
from dbos import DBOS

from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.lease import worker_name
from app.jobs.ledger import Ledger, Order
from app.jobs.states import State
from app.jobs.worker import Place, Worker


def test_a_job_whose_command_lives_on_elsewhere_stays_interrupted_until_that_has_ended(
    ledger: Ledger,
    database: Database,
    database_url: str,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def found() -> JobRow:
        with database.reading() as session:
            return session.get_one(JobRow, job.id)

    resumed: list[str] = []
    monkeypatch.setattr(DBOS, "resume_workflow", lambda ticket, **_: resumed.append(ticket))
    (data / "workers").mkdir(parents=True, exist_ok=True)
    worker = Worker(Place(database_url, data / "datasets", data / "runs", data / "workers", "cpu", None, {}))
    job, _ = ledger.create(Order("translate", {}))
    Desk(database, "there-cpu").take(Ticket(job.id, 1))
    folder = JobFolder(data / "runs" / job.id)
    folder.path.mkdir(parents=True)
    with folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("there 7\n")
        lock.flush()
        for _ in range(2):
            worker._take_over()
    assert (found().state, found().worker, resumed) == (State.INTERRUPTED, "there-cpu", [])
    assert caplog.text.count("process 7 of host there is still at work") == 1
    worker._take_over()
    assert (found().worker, resumed) == (worker_name("cpu"), [f"{job.id}.1"])
    worker._database.close()
