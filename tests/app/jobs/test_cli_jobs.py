"""`sjmvi jobs`, on the database that a service may be using."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import execute
from app.database.tables import JobRow
from app.jobs.desk import Desk, Ticket
from app.jobs.ledger import Ledger, Order, new_id
from app.jobs.progress import Progress


@pytest.fixture
def running(ledger: Ledger, database_url: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> JobRow:
    """One that a worker has; there is another that waits."""
    monkeypatch.setenv("SJMVI_DATA_DIR", str(data))
    monkeypatch.setenv("SJMVI_DATABASE_URL", database_url)
    ledger.create(Order("train", {"model": "mine"}, dataset="pair"))
    job, _ = ledger.create(Order("translate", {"model": "tiny"}, owner="phone"))
    desk, ticket = Desk(ledger.database, "here-cpu"), Ticket(job.id, 1)
    desk.take(ticket)
    desk.report(ticket, Progress(done=3, total=9, unit="pictures"), with_event=False)
    return job


def test_jobs_are_listed_shown_and_cancelled(running: JobRow, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["jobs", "list"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()[1:]
    assert {running.id, "translate", "running", "3/9", "tiny"} < {*newest.split()}
    assert {"train", "queued", "pair"} < {*oldest.split()}
    assert execute(["jobs", "list", "--state", "queued", "--json"]) == 0
    (queued,) = json.loads(capsys.readouterr().out)
    assert execute(["jobs", "cancel", queued["id"]]) == execute(["jobs", "cancel", running.id]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{queued['id']} is cancelled",
        f"{running.id} is stopping, to be cancelled",
    ]
    assert execute(["jobs", "show", running.id, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["owner"], shown["worker"]) == ("running", "phone", "here-cpu")


def test_a_job_is_paused_resumed_and_retried(
    running: JobRow, add_dataset: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*command: str) -> str:
        assert execute(["jobs", *command]) == 0
        return capsys.readouterr().out

    (waiting,) = json.loads(told("list", "--state", "queued", "--json"))
    for verb, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert told(verb, waiting["id"]) == f"{waiting['id']} is {state}\n"
    assert json.loads(told("pause", running.id, "--json"))["wanted"] == "paused"
    assert execute(["jobs", "retry", waiting["id"]]) == 3
    assert capsys.readouterr().err.startswith("error: unknown-dataset: ")
    add_dataset("pair")
    assert json.loads(told("retry", waiting["id"], "--json"))["state"] == "queued"


def test_what_cannot_be_is_told(running: JobRow, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("show", "cancel", "pause", "resume", "retry"):
        assert execute(["jobs", verb, new_id()]) == 3
        assert capsys.readouterr().err.startswith("error: unknown-job: ")
    for verb in ("resume", "retry"):
        assert execute(["jobs", verb, running.id]) == 3
        assert capsys.readouterr().err.startswith("error: job-running: ")
