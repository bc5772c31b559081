"""What becomes of the jobs of a worker that is no more."""

import errno
import fcntl
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import DBOS

from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs import worker as module
from app.jobs.desk import Desk, Ticket, TicketVoid
from app.jobs.folder import JobFolder
from app.jobs.lease import worker_name
from app.jobs.ledger import Ledger, Order
from app.jobs.queue import Queue
from app.jobs.states import State
from app.jobs.sweep import JobAges, Sweep
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
    monkeypatch.setattr(DBOS, "list_workflows", lambda **_: [])
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


def test_a_job_that_is_given_back_goes_on_under_another_ticket(
    ledger: Ledger, database: Database, queue: Queue
) -> None:
    here, there = Desk(database, "here-cpu"), Desk(database, "there-cpu")
    job, _ = ledger.create(Order("translate", {}))
    here.take(Ticket(job.id, 1))
    assert here.give_back(Ticket(job.id, 1), queue)
    assert not here.give_back(Ticket(job.id, 1), queue)
    with pytest.raises(TicketVoid):
        here.take(Ticket(job.id, 1))
    taken = there.take(Ticket(job.id, 2))
    assert (taken.attempt, taken.interruptions) == (2, 1)
    assert not here.give_back(Ticket(job.id, 2), queue)  # it is another's


@pytest.mark.parametrize("wanted", [State.PAUSED, State.CANCELLED])
def test_a_job_that_its_owner_has_stopped_is_not_queued_by_being_given_back(
    wanted: State, ledger: Ledger, database: Database, queue: Queue
) -> None:
    desk = Desk(database, "here-cpu")
    job, _ = ledger.create(Order("translate", {}))
    desk.take(Ticket(job.id, 1))
    (ledger.pause if wanted == State.PAUSED else ledger.cancel)(job.id, None)
    assert not desk.give_back(Ticket(job.id, 1), queue)
    with database.reading() as session:
        left = session.get_one(JobRow, job.id)
    assert (left.state, left.ticket, left.wanted) == (wanted, 1, None)


def test_a_folder_that_cannot_be_read_just_now_does_not_end_the_worker(
    database: Database, database_url: str, queue: Queue, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, ended = [], []

    def look(worker: Worker) -> None:
        looks.append(worker)
        if len(looks) == 3:
            worker._stopping.set()
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(module, "TAKEOVER_S", 0.0)
    monkeypatch.setattr(Worker, "_launch", lambda _: None)
    monkeypatch.setattr(Worker, "_take_over", look)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "_exit", ended.append)
    worker = Worker(Place(database_url, data / "datasets", data / "runs", data / "workers", "cpu", None, {}))
    worker.run(Sweep(database, queue, data / "runs", JobAges(timedelta(1), timedelta(1))))
    assert (looks, ended) == ([worker] * 3, [0])
    worker._database.close()
