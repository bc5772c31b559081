"""What a recipe can add to the loop: it is resumed bit for bit as well, and does what it says."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from training.build import build_autocast, build_learner, build_objective, build_schedule
from training.callbacks import Callback
from training.checkpoint import CheckpointFolder
from training.config import load_recipe
from training.dataset import Batch
from training.random_state import rng_state
from training.trainer import StepReport, Trainer

TINY = str(Path(__file__).with_name("tiny.toml"))
CPU = torch.device("cpu")

Make = Callable[..., Trainer]


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    """A trainer of the tiny recipe, as far as the checkpoints in the folder `name` have come."""

    def make(*overrides: str, name: str = "run") -> Trainer:
        recipe = load_recipe(TINY, overrides)
        learner, objective = build_learner(recipe, ("horse", "zebra"), CPU), build_objective(recipe.objective)
        checkpoints, autocast = CheckpointFolder(tmp_path / name), build_autocast(recipe, CPU)
        trainer = Trainer(learner, objective, build_schedule(recipe), checkpoints, autocast, CPU)
        trainer.restore()
        return trainer

    return make


class Watcher(Callback):
    def __init__(self) -> None:
        self.reports: list[StepReport] = []

    def on_step(self, report: StepReport) -> None:
        self.reports.append(report)


def run(trainer: Trainer, steps: int = 1000) -> list[dict[str, float]]:
    """The scalars of the steps from the trainer's on."""
    watcher, last = Watcher(), trainer.step + steps
    batches = (batch_of(step) for step in count(trainer.step))
    trainer.run(batches, [watcher], stopped=lambda: trainer.step == last)
    return [dict(report.scalars) for report in watcher.reports]


def batch_of(step: int) -> Batch:
    return Batch(*torch.rand(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(step)) * 2 - 1)


def state_of(trainer: Trainer) -> dict[str, Any]:
    return {"learner": trainer.learner.state_dict(), "rng": rng_state()}


OPTIONS = {
    "reach": ["objective.reach=0.1"],
    "augmentation": ["objective.augmentation=colour,translation,cutout"],
    "replay": ["optimisation.replay_pairs=3"],
    "courses": [
        "objective.conditioning=[[0.0, 1.0], [1.0, 0.1]]",
        "objective.reach=[[0.0, 1.0], [0.5, 0.4]]",
        "objective.likelihood_course=[[0.0, 1.0], [1.0, 0.0]]",
        "objective.code_course=[[0.5, 1.0], [1.0, 3.0]]",
        "objective.scale_course=[[0.0, 0.4], [0.5, 0.1]]",
        "model.generator.scale=fixed",
    ],
    "beyond the bound": ["objective.weights={identity=0.5, code_recovery=0.1}"],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_stopped_and_resumed_equals_straight_through_bit_for_bit(options: list[str], make: Make) -> None:
    straight = make(*options, name="straight")
    expected = run(straight)
    found = run(make(*options), steps=4)
    torch.manual_seed(99)
    resumed = make(*options)
    assert resumed.step == 4
    assert [*found, *run(resumed)] == expected
    torch.testing.assert_close(state_of(resumed), state_of(straight), rtol=0, atol=0)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_an_option_changes_what_is_learned(options: list[str], make: Make) -> None:
    assert run(make(*options, name="with"), steps=4)[-1] != run(make(name="without"), steps=4)[-1]


def test_what_is_beyond_the_bound_is_reported_where_it_is_asked_for(make: Make) -> None:
    def names(*options: str) -> set[str]:
        return {name for name in run(make(*options, name=str(options)), steps=1)[0] if "_recovery" in name}

    assert names(*OPTIONS["beyond the bound"]) == {"code_recovery_latent", "code_recovery_observed"}
    assert names() == set()


def test_what_changes_on_the_way_is_reported_as_it_was(make: Make) -> None:
    trainer = make(*OPTIONS["courses"])
    logged = run(trainer)
    assert [step["conditioning"] for step in logged] == pytest.approx([1, 0.85, 0.7, 0.55, 0.4, 0.25])
    assert [step["reach"] for step in logged] == pytest.approx([1, 0.8, 0.6, 0.4, 0.4, 0.4])
    assert trainer.objective.reach == pytest.approx(0.4)
    assert [step["output_scale"] for step in logged] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.1, 0.1])
    assert logged[-1]["likelihood_factor"] == pytest.approx(1 / 6)
    assert trainer.learner.ratios.latent.conditioning == pytest.approx(0.25)
    assert trainer.learner.average.module.x_given_z.generator.scale.value.item() == pytest.approx(0.1)
    weights = trainer.objective.weights
    assert (weights.nell, weights.nelp, weights.code) == pytest.approx((1 / 6, 1 / 6, 0.02 * 7 / 3))


def test_a_lazy_penalty_comes_every_kth_step_and_k_times_as_strong(make: Make) -> None:
    def networks(*schedules: tuple[float, int]) -> dict[str, Tensor]:
        """After a step under each (penalty, every)."""
        trainer = make(name=str(schedules))
        for penalty, every in schedules:
            trainer.schedule = replace(
                trainer.schedule, gradient_penalty=penalty, gradient_penalty_every=every
            )
            run(trainer, steps=1)
        return trainer.learner.networks.state_dict()

    lazy, none = networks((2.0, 2), (2.0, 2)), networks((0.0, 1), (0.0, 1))
    torch.testing.assert_close(lazy, networks((0.0, 1), (4.0, 1)), rtol=0, atol=0)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(lazy, none, rtol=0, atol=0)


def test_a_step_with_a_penalty_says_what_it_was(make: Make) -> None:
    once = partial(make, "optimisation.ratio_steps=1")
    logged = run(once())
    assert [scalars.get("gradient_penalty", 0.0) > 0 for scalars in logged] == [False, True] * 3
    again = run(once("optimisation.gradient_penalty=3", name="strong"), steps=2)
    assert again[1]["gradient_penalty"] == logged[1]["gradient_penalty"]  # R1 itself
