"""Workers as processes of their own: killed, followed, and told to end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from app.database.connection import Database
from app.database.tables import EventRow, JobRow
from app.jobs.kinds import KINDS
from app.jobs.ledger import Ledger, Order
from app.jobs.queue import PRIORITIES
from app.jobs.states import State

ROOT = Path(__file__).parents[3]
PARAMS = {"model": "tiny", "to": "zebra", "samples": 1, "seed": 7}
TRAINING = {"model": "mine", "recipe": "quick", "set": {}, "domains": None, "activate": False}
# The command counts its steps in a file, as a training does in its checkpoints, and goes on from there
COUNTING = """
import json, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
out = pathlib.Path(sys.argv[4])
out.mkdir(exist_ok=True)
report = out / "report.jsonl"
done = len(report.read_text().splitlines()) if report.exists() else 0
while done < 8:
    while done == 4 and pathlib.Path("held").exists():
        time.sleep(0.02)
    with report.open("a") as file:
        file.write(json.dumps({"file": str(done), "outcome": "translated"}) + chr(10))
    done += 1
    time.sleep(0.05)
print(json.dumps({"translated": done, "skipped": 0, "failed": 0, "seed": 7}))
"""
WORKER = f"""
import sys, socket
from app.jobs import command, task, worker
command.SJMVI = (sys.executable, "-S", "-c", {COUNTING!r})
task.LOOK_S, task.REPORT_S = 0.02, 0.1
worker.TAKEOVER_S, worker.POLL_S = 0.2, 0.2
name = sys.argv.pop()
socket.gethostname = lambda: name
from app.cli import main
main()
"""
FULL_ONCE = """
import sqlite3
from sqlalchemy import Engine, event

@event.listens_for(Engine, "before_cursor_execute")
def fail_once(connection, cursor, statement, *_):
    if "INSERT INTO" in statement and "operation_outputs" in statement:
        event.remove(Engine, "before_cursor_execute", fail_once)
        raise sqlite3.OperationalError("database or disk is full")
"""
DYING = """
import os
from app.jobs.desk import Desk

Desk.take = lambda *_: os._exit(9)
"""
Worker = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def worker(data: Path, database_url: str, add_dataset: Callable[..., None]) -> Iterator[Worker]:
    """Started under the name of a host; ended by the test's end."""
    add_dataset("photos", kind="single")
    started: list[subprocess.Popen[bytes]] = []
    settings = {"SJMVI_DATA_DIR": str(data), "SJMVI_DATABASE_URL": database_url, "SJMVI_DEVICE": "cpu"}
    environment = os.environ | settings | {"PYTHONPATH": str(ROOT)}

    def start(host: str = "here", *options: str, fault: str = "") -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", fault + WORKER, "worker", *options, host]
        started.append(subprocess.Popen(command, env=environment, stdin=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def job(ledger: Ledger, worker: Worker) -> JobRow:
    return ledger.create(Order("translate", PARAMS, dataset="photos"))[0]


@pytest.fixture
def held(data: Path) -> Path:
    """While this file is there, a job comes no further than half way."""
    held = data / "runs" / "held"
    held.parent.mkdir(exist_ok=True)
    held.touch()
    return held


class Watcher:
    def __init__(self, database: Database, job_id: str) -> None:
        self.database, self.id = database, job_id

    @property
    def job(self) -> JobRow:
        with self.database.reading() as session:
            return session.get_one(JobRow, self.id)

    def until(self, *states: State, steps: int = 0) -> JobRow:
        due = monotonic() + 100
        while True:
            job = self.job
            if job.state in states and (job.progress or {}).get("done", 0) >= steps:
                return job
            assert monotonic() < due, (job.state, job.progress, job.error)
            sleep(0.02)

    def states(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.query(EventRow).filter_by(job_id=self.id, name="state").order_by(EventRow.id)
            return [row.data["state"] for row in rows]


@pytest.fixture
def watcher(database: Database, job: JobRow) -> Watcher:
    return Watcher(database, job.id)


def test_what_a_killed_worker_had_its_successor_finishes(
    worker: Worker, watcher: Watcher, held: Path
) -> None:
    first = worker()
    watcher.until(State.RUNNING, steps=2)
    first.kill()
    first.wait()
    held.unlink()
    worker()
    done = watcher.until(State.SUCCEEDED)
    assert (done.attempt, done.result) == (2, {"translated": 8, "failed": 0, "seed": 7})
    assert watcher.states() == ["queued", "running", "interrupted", "running", "succeeded"]


def test_a_worker_elsewhere_takes_over_from_one_that_is_no_more(
    worker: Worker, watcher: Watcher, held: Path
) -> None:
    first = worker("here")
    watcher.until(State.RUNNING, steps=2)
    worker("there")
    first.kill()
    first.wait()
    held.unlink()
    done = watcher.until(State.SUCCEEDED)
    assert (done.attempt, done.result) == (2, {"translated": 8, "failed": 0, "seed": 7})


def test_a_ticket_of_a_worker_that_died_before_it_had_the_job_is_taken_over(
    worker: Worker, watcher: Watcher
) -> None:
    assert worker("here", fault=DYING).wait(100) == 9
    assert watcher.job.state == State.QUEUED
    worker("there")
    assert watcher.until(State.SUCCEEDED).attempt == 1


@pytest.mark.parametrize("end", ["signal", "stdin"])
def test_a_worker_that_is_told_to_end_leaves_its_job_ready_to_go_on(
    end: str, worker: Worker, watcher: Watcher, held: Path
) -> None:
    first = worker("here", *(["--until-stdin-closes"] if end == "stdin" else []))
    watcher.until(State.RUNNING, steps=2)
    if end == "signal":
        first.send_signal(signal.SIGTERM)
    elif first.stdin:
        first.stdin.close()
    assert first.wait(60) == 0
    assert watcher.job.state == State.INTERRUPTED
    held.unlink()
    worker("there")  # which the first one's name is nothing to
    assert watcher.until(State.SUCCEEDED).attempt == 2


def test_a_step_that_the_queue_cannot_record_is_done_again(worker: Worker, watcher: Watcher) -> None:
    worker(fault=FULL_ONCE)
    done = watcher.until(State.SUCCEEDED)
    assert (done.attempt, done.result) == (2, {"translated": 8, "failed": 0, "seed": 7})
    assert watcher.states() == ["queued", "running", "interrupted", "running", "succeeded"]


def test_pausing_frees_the_device_and_resuming_goes_on(
    worker: Worker, watcher: Watcher, ledger: Ledger, data: Path, held: Path
) -> None:
    worker()
    watcher.until(State.RUNNING, steps=2)
    ledger.pause(watcher.id, None)
    watcher.until(State.PAUSED)
    held.unlink()
    other = ledger.create(Order("translate", PARAMS, dataset="photos"))[0]
    Watcher(watcher.database, other.id).until(State.SUCCEEDED)
    ledger.resume(watcher.id, None)
    done = watcher.until(State.SUCCEEDED)
    assert (done.attempt, done.result) == (2, {"translated": 8, "failed": 0, "seed": 7})
    report = data / "runs" / watcher.id / "out/report.jsonl"
    assert [json.loads(line)["file"] for line in report.read_text().splitlines()] == [*map(str, range(8))]


def test_a_second_worker_of_a_device_waits_and_one_job_runs_at_a_time(
    worker: Worker, watcher: Watcher, ledger: Ledger
) -> None:
    worker()
    second = worker()
    ids = [watcher.id, ledger.create(Order("translate", PARAMS, dataset="photos"))[0].id]
    finished = [Watcher(watcher.database, each).until(State.SUCCEEDED) for each in ids]
    assert {job.attempt for job in finished} == {1}
    assert finished[0].finished <= finished[1].started
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0


def test_every_kind_has_its_place_in_the_queue() -> None:
    assert {*PRIORITIES} == {*KINDS}


def test_what_is_short_goes_before_trainings_that_have_not_started(
    worker: Worker, ledger: Ledger, database: Database, add_dataset: Callable[..., None]
) -> None:
    add_dataset("pair")
    training = Order("train", TRAINING, dataset="pair")
    folder, picture = Order("translate", PARAMS, dataset="photos"), Order("translate", PARAMS)
    ids = [ledger.create(order)[0].id for order in (training, folder, picture)]
    worker()
    over = [Watcher(database, each).until(State.SUCCEEDED, State.FAILED) for each in ids]
    assert [job.id for job in sorted(over, key=lambda job: job.started)] == ids[::-1]
