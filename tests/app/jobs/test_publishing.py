"""A training's last stage: its model is published once, or not at all."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from app.database.connection import Database
from app.database.tables import JobRow
from app.datasets.store import DatasetStore
from app.jobs import task
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.ledger import Ledger, Order
from app.jobs.queue import Queue
from app.jobs.states import State
from app.jobs.task import Task, Workshop

PARAMS = {"model": "mine", "recipe": "quick", "set": {}, "domains": None, "activate": False}
# What is published is counted: a command that is stopped and begun again would do it twice
PUBLISHING = """
import json, pathlib, sys, time
published = pathlib.Path("published")
with published.open("a") as file:
    file.write("once" + chr(10))
due = time.monotonic() + 100
while not pathlib.Path("go").exists() and time.monotonic() < due:
    time.sleep(0.01)
print(json.dumps({"name": "mine", "version": "0123456789abcdef", "digest": "0123", "is_active": True}))
"""


class Bench:
    """A job that has trained, and is to publish."""

    def __init__(self, database: Database, ledger: Ledger, queue: Queue, data: Path) -> None:
        self.database, self.ledger, self.runs = database, ledger, data / "runs"
        self.id = ledger.create(Order("train", PARAMS, dataset="pair"))[0].id
        datasets = DatasetStore(data / "datasets", 0)
        shop = Workshop(
            Desk(database, "here-cpu"), queue, datasets, self.runs, "cpu", None, {}, Event(), Event()
        )
        self.task = Task(shop, Ticket(self.id, 1))
        shop.desk.take(Ticket(self.id, 1))
        JobFolder(self.runs / self.id).run.bundle.mkdir(parents=True)

    @property
    def job(self) -> JobRow:
        with self.database.reading() as session:
            return session.get_one(JobRow, self.id)

    def published(self) -> list[str]:
        file = self.runs / "published"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def bench(
    database: Database,
    ledger: Ledger,
    queue: Queue,
    data: Path,
    add_dataset: Callable[..., None],
    script: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setattr(task, "LOOK_S", 0.02)
    add_dataset("pair")
    script(PUBLISHING)
    return Bench(database, ledger, queue, data)


@pytest.mark.parametrize("ask", ["pause", "cancel"])
def test_what_is_asked_while_it_publishes_comes_too_late(ask: str, bench: Bench) -> None:
    outcomes: list[str] = []
    thread = Thread(target=lambda: outcomes.append(bench.task.stage(1)), daemon=True)
    thread.start()
    due = monotonic() + 60
    while not bench.published():
        assert monotonic() < due
        sleep(0.01)
    getattr(bench.ledger, ask)(bench.id, None)
    sleep(0.2)
    (bench.runs / "go").touch()
    thread.join(60)
    assert (outcomes, bench.task.finish()) == (["done"], "done")
    assert (bench.job.state, bench.job.wanted) == (State.SUCCEEDED, None)
    assert bench.job.result
    assert bench.job.result["is_active"]
    assert bench.published() == ["once"]


@pytest.mark.parametrize(("ask", "state"), [("pause", State.PAUSED), ("cancel", State.CANCELLED)])
def test_what_is_asked_before_it_publishes_keeps_it_from_that(ask: str, state: State, bench: Bench) -> None:
    getattr(bench.ledger, ask)(bench.id, None)
    assert bench.task.stage(1) == "over"
    assert bench.job.state == state
    assert not bench.published()
