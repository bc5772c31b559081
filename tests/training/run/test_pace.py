"""A run of so many minutes."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import training.pace
from training.config import BadRecipe, load_recipe
from training.cost_probe import COUNTED, CostProbe
from training.distributed import ALONE
from training.memory import TooLittleMemory
from training.origin import NotARun
from training.pace import FEWEST, lasting
from training.trainer import Trainer
from translation.card import read_card

Train = Callable[..., Path]
CPU = torch.device("cpu")


@pytest.fixture
def _half_a_second_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CostProbe, "seconds_a_step", lambda probe: 0.5)
    monkeypatch.setattr(training.pace, "now_s", lambda: 0.0)


@pytest.mark.usefixtures("_half_a_second_a_step")
class TestMinutes:
    def test_are_so_many_steps(self, tiny: str) -> None:
        recipe = load_recipe(tiny)
        for minutes, steps in ((0.1, 12), (2, 240)):
            found = lasting(minutes, recipe, CPU, ALONE)
            assert found.training.steps == steps
            others = {"training": {"steps"}}
            assert found.model_dump(exclude=others) == recipe.model_dump(exclude=others)

    @pytest.mark.parametrize("minutes", [0.08, 0, -1, math.nan, math.inf])
    def test_that_nothing_can_be_learned_in_are_refused(self, minutes: float, tiny: str) -> None:
        with pytest.raises(BadRecipe, match=f"^{minutes:g} minutes are"):
            lasting(minutes, load_recipe(tiny), CPU, ALONE)

    def test_make_the_run_of_as_many_steps(self, train_tiny: Train, tmp_path: Path) -> None:
        counted = train_tiny(out=tmp_path / "counted", overrides=[f"training.steps={FEWEST}"])
        timed = train_tiny(out=tmp_path / "timed", minutes=FEWEST / 120)
        assert (timed / "recipe.toml").read_text() == (counted / "recipe.toml").read_text()
        (ours, _), (theirs, _) = read_card(timed / "bundle"), read_card(counted / "bundle")
        assert ours.files == theirs.files  # bit for bit: the probe leaves nothing behind

    def test_are_not_measured_for_a_run_that_cannot_begin(
        self, train_tiny: Train, straight: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(CostProbe, "seconds_a_step")
        with pytest.raises(NotARun, match="holds a run already"):
            train_tiny(out=straight, minutes=1)


def test_a_pace_counts_a_penalty_as_often_as_it_comes(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = CostProbe(load_recipe(tiny, ["optimisation.gradient_penalty_every=5"]), CPU)
    clock, learn = [0.0], Trainer.learn

    def timed(self: Trainer, batch: object) -> object:
        clock[0] += 31.0 if self.schedule.gradient_penalty else 1.0
        return learn(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "learn", timed)
    monkeypatch.setattr(probe, "_now_s", lambda: clock[0])
    assert probe.seconds_a_step() == pytest.approx(1 + 30 / 5)
    assert probe.trainer.step == 2 * (1 + COUNTED)


def test_a_step_that_does_not_fit_says_what_to_do(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trainer: Trainer, batch: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Trainer, "learn", fail)
    with pytest.raises(TooLittleMemory, match=r"a smaller training\.micro_batch"):
        lasting(1, load_recipe(tiny), CPU, ALONE)
