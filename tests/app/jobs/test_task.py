"""A job's commands, watched: real processes, which do what the test says in place of training."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from app.database.connection import Database
from app.database.tables import JobRow
from app.datasets.store import DatasetStore
from app.jobs import task
from app.jobs.command import Holder, StillAtWork
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.ledger import Ledger, Order
from app.jobs.queue import Queue
from app.jobs.states import State
from app.jobs.task import Task, Workshop

PARAMS = {"model": "tiny", "to": "zebra", "samples": 1, "seed": 7}
GOOD = """
import json, os, pathlib, sys
out = pathlib.Path(sys.argv[4])
out.mkdir(exist_ok=True)
(out / "0.png").write_bytes(b"picture")
(out / "report.jsonl").write_text(json.dumps({"file": "0.png", "outcome": "translated"}) + chr(10))
print(json.dumps({"translated": 1, "skipped": 2, "failed": 0, "seed": 7}))
"""
ENDING = """
import pathlib, signal, sys, time

def end(*_):
    pathlib.Path("stopped").touch()
    while pathlib.Path("busy").exists():
        time.sleep(0.01)
    sys.exit({code})

signal.signal(signal.SIGTERM, end)
pathlib.Path("started").touch()
time.sleep(60)
"""
ENDLESS = ENDING.format(code=143)
ONCE = """
import os, pathlib, signal
if not pathlib.Path("killed").exists():
    pathlib.Path("killed").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Bench:
    """One job, and a task of it."""

    def __init__(self, database: Database, ledger: Ledger, queue: Queue, data: Path) -> None:
        self.database, self.ledger = database, ledger
        self.runs = data / "runs"
        self.workshop = Workshop(
            Desk(database, "here-cpu"),
            queue,
            DatasetStore(data / "datasets", 0),
            self.runs,
            "cpu",
            "inception",
            {},
            stopping=Event(),
            idle=Event(),
        )
        self.id = ledger.create(Order("translate", PARAMS, dataset="photos"))[0].id
        self.task = Task(self.workshop, Ticket(self.id, 1))
        self.folder = JobFolder(self.runs / self.id)

    @property
    def job(self) -> JobRow:
        with self.database.reading() as session:
            return session.get_one(JobRow, self.id)

    def in_thread(self) -> Thread:
        thread = Thread(target=self.task.stage, args=(0,), daemon=True)
        thread.start()
        return thread

    def until(self, done: Callable[[], object]) -> None:
        due = monotonic() + 100
        while not done():
            assert monotonic() < due
            sleep(0.01)

    def until_started(self) -> None:
        self.until((self.runs / "started").exists)


@pytest.fixture
def bench(
    database: Database,
    ledger: Ledger,
    queue: Queue,
    data: Path,
    add_dataset: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setattr(task, "LOOK_S", 0.02)
    monkeypatch.setattr(task, "RETRY_S", 0.05)
    add_dataset("photos", kind="single")
    return Bench(database, ledger, queue, data)


def test_a_command_that_ends_well_leaves_a_result(bench: Bench, script: Callable[[str], None]) -> None:
    script(GOOD)
    assert bench.task.stage(0) == "done"
    assert bench.task.finish() == "done"
    assert (bench.job.state, bench.job.result) == (State.SUCCEEDED, {"translated": 3, "failed": 0, "seed": 7})
    assert bench.job.progress
    assert (bench.job.progress["done"], bench.job.progress["total"]) == (1, 3)
    assert bench.folder.result.is_file()


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("error: unknown-model: no model named 'x'", "unknown-model"),
        ("error: a: 1\nerror: bad-recipe: 2", "bad-recipe"),
        ("Traceback (most recent call last)", "internal-error"),
        (f"error: system-error: [Errno 28] {os.strerror(28)}: 'x'", "out-of-space"),
    ],
)
def test_a_command_that_fails_says_why(
    said: str, slug: str, bench: Bench, script: Callable[[str], None]
) -> None:
    script(f"import sys; print({said!r}, file=sys.stderr); sys.exit(5)")
    assert bench.task.stage(0) == "over"
    assert bench.job.error
    assert (bench.job.state, bench.job.error["type"]) == (State.FAILED, slug)
    assert said in bench.folder.log.read_text()


def test_a_command_that_is_killed_starts_again(bench: Bench, script: Callable[[str], None]) -> None:
    script(ONCE + GOOD)
    assert bench.task.stage(0) == "done"
    assert (bench.job.state, bench.job.attempt) == (State.RUNNING, 2)


@pytest.mark.parametrize(
    ("asked", "code", "state"),
    [
        (["pause"], 143, State.PAUSED),
        (["cancel"], 143, State.CANCELLED),
        (["pause", "cancel"], 143, State.CANCELLED),
        (["pause", "cancel"], 0, State.CANCELLED),
    ],
)
def test_what_is_wanted_by_the_time_that_the_command_has_ended_becomes_of_the_job(
    asked: list[str], code: int, state: State, bench: Bench, script: Callable[[str], None]
) -> None:
    script(ENDING.format(code=code))
    thread = bench.in_thread()
    bench.until_started()
    (bench.runs / "busy").touch()
    for ask in asked:
        getattr(bench.ledger, ask)(bench.id, None)
        bench.until((bench.runs / "stopped").exists)
    (bench.runs / "busy").unlink()
    thread.join(20)
    assert (bench.job.state, bench.job.worker, bench.job.wanted) == (state, None, None)


def test_a_worker_that_ends_leaves_its_job_to_the_next(bench: Bench, script: Callable[[str], None]) -> None:
    script(ENDLESS)
    bench.in_thread()
    bench.until_started()
    bench.workshop.stopping.set()
    assert bench.workshop.idle.wait(20)
    assert (bench.job.state, bench.job.worker) == (State.INTERRUPTED, "here-cpu")


def test_a_command_that_cannot_be_ended_from_here_is_named_and_a_retry_goes_on(
    bench: Bench, script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def occupied(*_: object) -> None:
        raise StillAtWork(Holder("elsewhere", 7))

    script(GOOD)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(task, "started", occupied)
        assert bench.task.stage(0) == "over"
    assert bench.job.error
    assert bench.job.error["type"] == "still-at-work"
    assert "process 7 of host elsewhere" in bench.job.error["detail"]
    bench.ledger.retry(bench.id, None)
    assert Task(bench.workshop, Ticket(bench.id, 2)).stage(0) == "done"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_locked_for_a_while_loses_nothing(
    bench: Bench, script: Callable[[str], None], data: Path
) -> None:
    script("import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n" + GOOD)
    with (
        closing(Database(f"sqlite:///{data}/sjmvi.db", patience_s=0.01)) as impatient,
        closing(sqlite3.connect(data / "sjmvi.db", isolation_level=None)) as locker,
    ):
        bench.workshop.desk._database = impatient
        thread = bench.in_thread()
        bench.until(lambda: bench.job.state == State.RUNNING)
        locker.execute("BEGIN EXCLUSIVE")
        (bench.runs / "go").touch()
        sleep(1)
        locker.execute("ROLLBACK")
        thread.join(20)
        assert bench.task.finish() == "done"
    assert bench.job.state == State.SUCCEEDED


def test_a_dataset_that_is_gone_is_named(bench: Bench, data: Path) -> None:
    (data / "datasets/photos/dataset.json").unlink()
    assert bench.task.stage(0) == "over"
    assert bench.job.error
    assert bench.job.error["type"] == "unknown-dataset"


def test_a_full_disk_is_told_and_a_retry_goes_on(
    bench: Bench, script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    script(GOOD)
    with monkeypatch.context() as full:
        full.setattr(JobFolder, "answer", Path("/dev/full"))
        assert bench.task.stage(0) == "over"
    assert bench.job.error
    assert bench.job.error["type"] == "out-of-space"
    bench.ledger.retry(bench.id, None)
    again = Task(bench.workshop, Ticket(bench.id, 2))
    assert (again.stage(0), again.finish(), bench.job.state) == ("done", "done", State.SUCCEEDED)
    assert json.loads(bench.folder.answer.read_text())["translated"] == 1
