"""A run that is measured on its validation split while it trains."""

import json
import logging
import os
import signal
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import training.run
from training.callbacks import Callback
from training.checkpoint import CheckpointFolder
from training.dataset import BadDataset
from training.evaluation.features import BadFeatureNetwork
from training.evaluation.validation import PREFIX, RULE, SCORE, Validator
from training.interruption import Interrupted
from training.run import resume
from training.trainer import StepReport
from translation.card import read_card
from translation.weights import load_bundle

Train = Callable[..., Path]

STEPS = 6
EVERY = 2


@pytest.fixture(scope="module")
def overrides(colours: Path) -> list[str]:
    return [f"evaluation.features={colours}", f"evaluation.every={EVERY}", "data.validation_share=0.4"]


@pytest.fixture(scope="module")
def evaluated(train_tiny: Train, overrides: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing interrupted. Not to be changed."""
    return train_tiny(overrides=overrides, out=tmp_path_factory.mktemp("runs") / "evaluated")


def rows(run: Path, evaluations: bool) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in row.items() if name != "time"}
        for row in found
        if any(name.startswith(PREFIX) for name in row) is evaluations
    ]


def told(bundle: Path) -> dict[str, Any]:
    validation: dict[str, Any] = read_card(bundle)[0].metrics["validation"]
    return validation


def test_figures_of_both_directions_are_logged_now_and_then_and_at_the_end(evaluated: Path) -> None:
    found = rows(evaluated, evaluations=True)
    assert [row["step"] for row in found] == [2, 4, 6]
    assert all(
        row[SCORE]
        == pytest.approx(
            (
                row["validation/plain_to_striped/sample/kernel"]
                + row["validation/striped_to_plain/sample/kernel"]
            )
            / 2
        )
        for row in found
    )
    events = EventAccumulator(str(evaluated / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars(SCORE)] == [2, 4, 6]


def test_what_needs_no_network_is_measured_without_one(
    evaluated: Path, train_tiny: Train, tmp_path: Path
) -> None:
    plain = train_tiny(
        overrides=["data.validation_share=0.4", f"evaluation.every={EVERY}"], out=tmp_path / "run"
    )
    found = rows(plain, evaluations=True)
    assert [row["step"] for row in found] == [2, 4, 6]
    ways = ("plain_to_striped", "striped_to_plain")
    lines = ("cycle/plain", "cycle/jpeg_90", "bound/likelihood", "bound/divergence", "bound/total")
    figures = {f"{PREFIX}{way}/{line}" for way in ways for line in lines}
    for row, by_network in zip(found, rows(evaluated, evaluations=True), strict=True):
        assert {name for name in row if name.startswith(PREFIX)} == figures
        assert {name: by_network[name] for name in figures} == {name: row[name] for name in figures}


def test_the_result_is_what_scored_best_and_the_last_lies_beside_it(evaluated: Path) -> None:
    scores = {row["step"]: row[SCORE] for row in rows(evaluated, evaluations=True)}
    best = min(scores, key=lambda step: scores[step])
    selected, last = (read_card(evaluated / name)[0] for name in ("bundle", "last"))
    assert (selected.steps, last.steps) == (best, STEPS)
    for card in (selected, last):
        validation = card.metrics["validation"]
        assert validation["rule"] == RULE
        assert validation["selected"]["step"] == best
        assert validation["selected"]["figures"]["score"] == scores[best]
        assert validation["last"]["step"] == STEPS
        assert validation["last"]["figures"]["score"] == scores[STEPS]
        assert validation["protocol"]["pictures"] == [5, 4]
        assert "colours" in validation["protocol"]["network"]["name"]
    load_bundle(evaluated / "bundle")


def test_a_figure_that_is_no_number_does_not_end_a_run(
    train_tiny: Train, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = [nan, 2.0, inf]
    monkeypatch.setattr(Validator, "_by_network", lambda self, sampler: {SCORE: measured.pop(0)})
    run = train_tiny(overrides=overrides, out=tmp_path / "run")
    assert not measured
    assert told(run / "bundle")["selected"]["step"] == 2 * EVERY
    load_bundle(run / "bundle")
    assert resume(run, "cpu") == run
    assert told(run / "bundle")["last"]["step"] == STEPS


def test_where_no_figure_is_a_number_the_last_state_is_the_result(
    train_tiny: Train, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Validator, "_by_network", lambda self, sampler: {SCORE: nan})
    run = train_tiny(overrides=overrides, out=tmp_path / "run")
    assert told(run / "bundle")["selected"]["step"] == STEPS


def test_no_card_has_a_path(evaluated: Path, colours: Path) -> None:
    for name in ("bundle", "last"):
        assert str(colours.parent) not in (evaluated / name / "card.json").read_text()


def test_an_evaluation_changes_nothing_of_the_training(
    evaluated: Path, train_tiny: Train, tmp_path: Path
) -> None:
    """Bit for bit: weights, average, optimisers, random state, and what was logged."""
    plain = train_tiny(overrides=["data.validation_share=0.4"], out=tmp_path / "plain")  # at other steps
    ends = [CheckpointFolder(run / "checkpoints").load_latest() for run in (plain, evaluated)]
    torch.testing.assert_close(*ends, rtol=0, atol=0)
    assert rows(plain, evaluations=False) == rows(evaluated, evaluations=False)
    assert not (plain / "last").exists()
    assert read_card(plain / "bundle")[0].files == read_card(evaluated / "last")[0].files


class Stops(Callback):
    """In the place of the progress line: SIGINT at the end of a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    stop_at: int,
    evaluated: Path,
    train_tiny: Train,
    overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr(training.run, "Progress", lambda: Stops(stop_at))
    with pytest.raises(Interrupted):
        train_tiny(overrides=overrides, out=run)
    assert (read_card(run / "bundle")[0].steps, read_card(run / "last")[0].steps) == (
        1 if stop_at == 1 else told(run / "last")["selected"]["step"],
        stop_at,
    )
    assert ("selected" in told(run / "bundle")) is (stop_at >= EVERY)
    resume(run, device="cpu")
    assert rows(run, evaluations=True) == rows(evaluated, evaluations=True)
    for name in ("bundle", "last"):
        card, straight = read_card(run / name)[0], read_card(evaluated / name)[0]
        assert (card.files, card.metrics, card.steps) == (straight.files, straight.metrics, straight.steps)


def test_what_was_selected_after_the_last_checkpoint_is_selected_again(
    evaluated: Path, train_tiny: Train, overrides: list[str], tmp_path: Path
) -> None:
    """As after a power cut: the bundle is of a step that the checkpoints do not know of yet."""
    run = train_tiny(overrides=overrides, out=tmp_path / "run")
    for step in CheckpointFolder(run / "checkpoints").steps()[1:]:
        for suffix in ("json", "pt"):
            (run / "checkpoints" / f"{step:08}.{suffix}").unlink()
    resume(run, device="cpu")
    for name in ("bundle", "last"):
        assert read_card(run / name)[0].metrics == read_card(evaluated / name)[0].metrics


def test_another_network_than_the_run_was_selected_by_is_refused(
    train_tiny: Train, colours: Path, overrides: list[str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.pt"
    mine.write_bytes(colours.read_bytes())
    run = train_tiny(overrides=[*overrides, f"evaluation.features={mine}"], out=tmp_path / "run")
    mine.rename(tmp_path / "another.pt")
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("mine.pt", "another.pt"))
    with pytest.raises(BadFeatureNetwork, match="figures of both cannot be compared"):
        resume(run, device="cpu")


@pytest.mark.parametrize(
    ("override", "error"),
    [("evaluation.features=absent.onnx", BadFeatureNetwork), ("data.validation_share=0.1", BadDataset)],
)
def test_what_cannot_be_evaluated_is_refused_before_a_run_begins(
    override: str, error: type[ValueError], train_tiny: Train, overrides: list[str], tmp_path: Path
) -> None:
    with pytest.raises(error):
        train_tiny(overrides=[*overrides, override], out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_run_that_gets_no_better_says_so(
    train_tiny: Train,
    overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scores = iter([3.0, 1.0, 2.0, 1.5, 1.0, 4.0])
    monkeypatch.setattr("training.evaluation.validation.Validator.__call__", lambda *_: {SCORE: next(scores)})
    caplog.set_level(logging.WARNING, "training.selection")
    run = train_tiny(
        overrides=[*overrides, "evaluation.every=1", "evaluation.patience=2"], out=tmp_path / "run"
    )
    said = [record.getMessage() for record in caplog.records if record.name == "training.selection"]
    assert [message.split(". ")[0] for message in said] == [
        f"step {step}: no better validation figure for {since} evaluations"
        for step, since in ((4, 2), (6, 4))
    ]
    assert "was at step 2" in caplog.text
    assert read_card(run / "bundle")[0].steps == 2  # of equal figures, the first
