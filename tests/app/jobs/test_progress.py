"""What is read of a command's progress in the files that it keeps."""

import errno
import json
from pathlib import Path

import pytest

from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs.desk import Desk, Ticket
from app.jobs.ledger import Ledger, Order
from app.jobs.progress import Progress, TrainingProgress, TranslationProgress
from app.jobs.task import Reporter
from translation.run_folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Of 10 and 8 pictures, two pairs a step, a step a second; stopped for a while after the third."""
    splits = {"train": {"pictures": 10}, "validation": {"pictures": 2}}
    smaller = {**splits, "train": {"pictures": 8}}
    (tmp_path / "run.json").write_text(json.dumps({"data": {"plain": splits, "striped": smaller}}))
    (tmp_path / "recipe.toml").write_text("[training]\nbatch_size = 2\n")
    times = [1.0, 2.0, 3.0, 1004.0, 1005.0, 1006.0]
    rows = [{"step": step, "steps": 10, "time": at, "nell": None} for step, at in enumerate(times, start=1)]
    cut = '{"step": 7, "st'
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + cut)
    return tmp_path


def test_a_training_is_as_fast_as_it_is_since_it_goes_on(run: Path) -> None:
    progress = TrainingProgress(RunFolder(run), since=1000.0)()
    assert progress
    assert (progress.done, progress.total, progress.unit) == (6, 10, "steps")
    assert (progress.images_per_s, progress.left_s, progress.epoch) == (4.0, 4.0, 1.2)
    assert (progress.terms, progress.sample) == ({"nell": None}, None)


def test_a_training_that_only_begins_has_no_speed(run: Path) -> None:
    (run / "samples").mkdir()
    (run / "samples" / "000003.png").touch()
    progress = TrainingProgress(RunFolder(run), since=1005.5)()
    assert progress
    assert (progress.images_per_s, progress.left_s, progress.sample) == (None, None, "000003.png")
    (run / "metrics.jsonl").unlink()
    assert TrainingProgress(RunFolder(run), since=0.0)() is None


def test_an_evaluation_is_told_of_beside_the_terms_of_its_step_and_remembered(run: Path) -> None:
    def row(step: int, **scalars: object) -> str:
        return json.dumps({"step": step, "steps": 10, "time": 1000.0 + step, **scalars}) + "\n"

    watch, log = TrainingProgress(RunFolder(run), since=1000.0), run / "metrics.jsonl"
    evaluation = {"validation/plain_to_striped/cycle/plain": 3.5}

    def after(text: str) -> tuple[int, int | None, object]:
        log.write_text(text)
        progress = watch()
        assert progress
        return progress.done, progress.evaluated, progress.terms

    assert after(row(2, **evaluation)) == (2, 2, None)
    whole = row(3, nell=1.0) + row(4, nell=2.0) + row(4, **evaluation)
    assert after(whole) == (4, 4, {"nell": 2.0})
    beyond_reach = row(5, filler="x" * 70_000)  # the end of the file is all that is read
    assert after(whole + beyond_reach + row(6, nell=3.0)) == (6, 4, {"nell": 3.0})


def test_a_translation_counts_each_picture_once_however_its_report_is_written(tmp_path: Path) -> None:
    now = [0.0]
    watch = TranslationProgress(tmp_path, total=10, clock=lambda: now[0])
    report = tmp_path / "report.jsonl"

    def row(file: str, outcome: str = "translated") -> str:
        return json.dumps({"file": file, "outcome": outcome}) + "\n"

    assert watch() is None
    report.write_text(row("a", "failed") + row("b"))
    first = watch()
    assert first
    assert (first.done, first.failed, first.images_per_s) == (2, 1, None)
    (tmp_path / "new").write_text(row("a") + row("b") + row("c") + row("d")[:9])
    (tmp_path / "new").replace(report)
    now[0] = 2.0
    second = watch()
    assert second
    assert (second.done, second.failed, second.images_per_s, second.left_s) == (3, 0, 0.5, 14.0)
    with report.open("a") as file:
        file.write(row("d")[9:])
    third = watch()
    assert third
    assert third.done == 4


@pytest.mark.parametrize(
    "error", [OSError(errno.ESTALE, "stale"), json.JSONDecodeError("cut", "{", 1), KeyError("steps")]
)
def test_a_look_that_fails_ends_nothing_and_is_logged_once(
    error: Exception, ledger: Ledger, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[Exception | Progress] = [error, error, Progress(done=1, total=2, unit="steps")]

    def watch() -> Progress:
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    desk, ticket = Desk(database, "here-cpu"), Ticket(ledger.create(Order("train", {}))[0].id, 1)
    desk.take(ticket)
    reporter = Reporter(desk, ticket, watch, since=0.0)
    for _ in range(3):
        reporter.report(at_end=True)
    with database.reading() as session:
        progress = session.get_one(JobRow, ticket.job_id).progress
    assert progress
    assert progress["done"] == 1
    assert caplog.text.count("its progress cannot be read") == 1
