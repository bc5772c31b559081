"""`sjmvi jobs`, on the database that a service may be using."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from app.cli import execute
from app.database import migration
from app.database.tables import JobRow
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.ledger import Ledger, Order, new_id
from app.jobs.progress import Progress
from app.jobs.states import State


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


def test_a_retry_of_more_than_an_owner_may_have_is_refused(
    running: JobRow,
    ledger: Ledger,
    add_dataset: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_dataset("pair")
    cancelled, _ = ledger.create(Order("train", {"model": "mine"}, dataset="pair"))
    ledger.cancel(cancelled.id, None)
    monkeypatch.setenv("SJMVI_MAX_UNFINISHED_JOBS", "1")
    assert execute(["jobs", "retry", cancelled.id]) == 3
    assert capsys.readouterr().err.startswith("error: too-many-jobs: 1 jobs of this owner are not over yet")


def test_what_cannot_be_is_told(running: JobRow, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("show", "cancel", "pause", "resume", "retry"):
        assert execute(["jobs", verb, new_id()]) == 3
        assert capsys.readouterr().err.startswith("error: unknown-job: ")
    for verb in ("resume", "retry"):
        assert execute(["jobs", verb, running.id]) == 3
        assert capsys.readouterr().err.startswith("error: job-running: ")


def test_a_job_that_is_over_is_removed_with_its_files(
    running: JobRow, ledger: Ledger, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = JobFolder(data / "runs" / running.id)
    folder.keep(b"a picture")
    assert execute(["jobs", "remove", running.id]) == 3
    assert "error: job-running: the job is running: cancel it first" in capsys.readouterr().err
    assert folder.picture()
    with ledger.database.writing() as session:
        session.get_one(JobRow, running.id).state = State.CANCELLED
    assert execute(["jobs", "remove", running.id]) == 0
    assert capsys.readouterr().out == f"{running.id} is deleted\n"
    assert not folder.path.exists()
    assert execute(["jobs", "show", running.id]) == 3


def test_no_database_is_no_jobs_and_none_is_made(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", str(data))
    assert execute(["jobs", "list"]) == 0
    assert capsys.readouterr().out == "none\n"
    for command in ("show", "cancel", "remove"):
        assert execute(["jobs", command, new_id()]) == 3
        assert "error: unknown-job: " in capsys.readouterr().err
    assert not data.exists()


def test_a_database_of_an_earlier_version_is_left_to_the_command_that_is_named(
    running: JobRow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ScriptDirectory, "get_current_head", lambda _: "9999")
    upgraded: list[object] = []
    monkeypatch.setattr(migration, "upgrade", upgraded.append)
    for arguments in (["list"], ["show", running.id], ["cancel", running.id]):
        assert execute(["jobs", *arguments]) == 5
        told = capsys.readouterr().err
        assert "error: db-too-old: " in told
        assert "`sjmvi db upgrade`" in told
    assert upgraded == []
