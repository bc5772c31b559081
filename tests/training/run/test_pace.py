"""A run of so many minutes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import training.pace
from training.config import load_recipe
from training.distributed import ALONE
from training.pace import lasting
from training.trial import Trial
from translation.weights import read_card

Train = Callable[..., Path]
CPU = torch.device("cpu")


@pytest.fixture
def _half_a_second_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trial, "seconds_a_step", lambda trial: 0.5)
    monkeypatch.setattr(training.pace.time, "monotonic", lambda: 0.0)


@pytest.mark.usefixtures("_half_a_second_a_step")
class TestMinutes:
    def test_are_so_many_steps_and_one_at_least(self, tiny: str) -> None:
        recipe = load_recipe(tiny)
        for minutes, steps in ((0.05, 6), (2, 240), (0.001, 1), (0, 1)):
            found = lasting(minutes, recipe, CPU, ALONE)
            assert found.training.steps == steps
            assert found.training.model_dump(exclude={"steps"}) == recipe.training.model_dump(
                exclude={"steps"}
            )

    def test_make_the_run_of_as_many_steps(self, train_tiny: Train, straight: Path, tmp_path: Path) -> None:
        six = train_tiny(out=tmp_path / "run", minutes=0.05)
        assert (six / "recipe.toml").read_text() == (straight / "recipe.toml").read_text()
        (ours, _), (theirs, _) = read_card(six / "bundle"), read_card(straight / "bundle")
        assert ours.files == theirs.files  # bit for bit: the trial leaves nothing behind


def test_a_pace_is_of_whole_steps_that_were_taken(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(load_recipe(tiny, ["optimisation.gradient_penalty_every=3"]), CPU)
    monkeypatch.setattr(trial, "_now_s", lambda: 10.0 * trial.trainer.step)
    assert trial.seconds_a_step() == pytest.approx(10.0)
    assert trial.trainer.step == 5
