"""The loop: what is learned, what is left out, what is kept. On batches that are a function of the step."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
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
from training.objective.sjmvi import SJMVI, SJMVITerms
from training.optimisers import Descent
from training.random_state import rng_state
from training.trainer import MAX_SKIPPED_IN_A_ROW, Diverged, StepReport, Trainer
from translation.codec import ImageTooLarge

TINY = str(Path(__file__).with_name("tiny.toml"))
CPU = torch.device("cpu")


@dataclass
class Watcher:
    reports: list[StepReport] = field(default_factory=list)
    ends: int = 0

    def on_step(self, report: StepReport) -> None:
        self.reports.append(report)

    def on_end(self) -> None:
        self.ends += 1


Make = Callable[..., Trainer]


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    """A trainer of the tiny recipe, as far as the checkpoints in the folder `name` have come."""

    def make(*overrides: str, name: str = "run") -> Trainer:
        recipe = load_recipe(TINY, overrides)
        trainer = Trainer(
            build_learner(recipe, ("horse", "zebra"), CPU),
            build_objective(recipe.objective),
            build_schedule(recipe),
            CheckpointFolder(tmp_path / name),
            build_autocast(recipe, CPU),
            CPU,
        )
        trainer.restore()
        return trainer

    return make


def batch_of(step: int, is_poisoned: bool = False) -> Batch:
    generator = torch.Generator().manual_seed(step)
    x, z = torch.rand(2, 2, 3, 16, 16, generator=generator) * 2 - 1
    if is_poisoned:
        x[1, 2, 3, 4] = torch.nan
    return Batch(x, z)


def run(trainer: Trainer, *callbacks: Callback, steps: int = 1000, poisoned: Sequence[int] = ()) -> bool:
    """Of the batches from the trainer's step on."""
    batches = (batch_of(step, step in poisoned) for step in count(trainer.step))
    last = trainer.step + steps
    return trainer.run(batches, callbacks, stopped=lambda: trainer.step == last)


def state_of(trainer: Trainer) -> dict[str, Any]:
    return deepcopy({"learner": trainer.learner.state_dict(), "rng": rng_state(), "skipped": trainer.skipped})


def assert_same(one: object, other: object) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=0)


class TestResumption:
    @pytest.mark.parametrize(("stop_at", "pairs"), [(1, 2), (3, 2), (5, 2), (3, 1)])
    def test_stopped_and_resumed_equals_straight_through(self, make: Make, stop_at: int, pairs: int) -> None:
        make = partial(make, f"training.micro_batch={pairs}")
        assert run(straight := make(name="straight"))
        expected = state_of(straight)
        assert not run(make(), steps=stop_at)
        torch.manual_seed(99)
        resumed = make()
        assert resumed.step == stop_at
        assert run(resumed)
        assert_same(state_of(resumed), expected)

    def test_skipped_steps_are_still_counted_after_it(self, make: Make) -> None:
        run(make(), steps=3, poisoned=[1])
        assert make().skipped == 1

    def test_a_finished_run_learns_no_more(self, make: Make) -> None:
        run(make())
        finished = make()
        before = state_of(finished)
        assert run(finished)
        assert_same(state_of(finished), before)


def test_a_picture_that_is_refused_costs_no_step(make: Make) -> None:
    def batches() -> Iterator[Batch]:
        yield from map(batch_of, range(3))
        raise ImageTooLarge

    with pytest.raises(ImageTooLarge):
        make("training.checkpoint_every_s=1e9").run(batches(), [], stopped=lambda: False)
    assert make().step == 3


@pytest.mark.parametrize(("every_s", "saved"), [(1e-9, [3, 4]), (1e9, [4])], ids=["often", "rarely"])
def test_checkpoints_are_made_in_time_and_at_the_stop(make: Make, every_s: float, saved: list[int]) -> None:
    trainer = make(f"training.checkpoint_every_s={every_s}")
    run(trainer, steps=4)
    assert trainer.checkpoints.steps() == saved


class TestBrokenSteps:
    @pytest.mark.parametrize("steps_before", [0, 2])
    def test_change_nothing_and_are_counted(
        self, make: Make, steps_before: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        watcher = Watcher()
        trainer = make()
        run(trainer, watcher, steps=steps_before)
        before = state_of(trainer)["learner"]
        run(trainer, watcher, steps=1, poisoned=[steps_before])
        assert_same(state_of(trainer)["learner"], before)
        assert (trainer.step, trainer.skipped) == (steps_before + 1, 1)
        assert (watcher.reports[-1].skipped, watcher.reports[-1].scalars) == (1, {})
        assert f"step {steps_before + 1}: the maps stay as they are" in caplog.text
        run(trainer, steps=1)
        assert trainer.skipped == 1
        with pytest.raises(AssertionError):
            assert_same(state_of(trainer)["learner"], before)

    def test_ten_in_a_row_end_the_run_and_leave_the_last_good_checkpoint(self, make: Make) -> None:
        watcher = Watcher()
        trainer = make("training.steps=100")
        run(trainer, watcher, steps=3)
        good = state_of(trainer)["learner"]
        with pytest.raises(Diverged, match="10 steps in a row up to step 13 .*maps_rate"):
            run(trainer, watcher, poisoned=range(3, 100))
        assert watcher.ends == 2
        resumed = make()
        assert resumed.step >= 3
        assert_same(state_of(resumed)["learner"], good)

    def test_nine_in_a_row_do_not(self, make: Make) -> None:
        trainer = make("training.steps=21")
        poisoned = [step for step in range(21) if step % MAX_SKIPPED_IN_A_ROW != 0]
        assert run(trainer, poisoned=poisoned)
        assert trainer.skipped == 18

    @pytest.mark.parametrize("repetition", [0, 1])
    def test_are_those_too_of_which_one_ratio_update_is(
        self, make: Make, repetition: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        trainer, updates, ratio_loss = make(), count(), SJMVI.ratio_loss

        def flaky(*arguments: Any) -> Tensor:  # noqa: ANN401
            return ratio_loss(*arguments) * (torch.nan if next(updates) == repetition else 1)

        monkeypatch.setattr(SJMVI, "ratio_loss", flaky)
        run(trainer, steps=2)
        assert next(updates) == 4
        assert (trainer.skipped, int(trainer.learner.average.n_averaged)) == (1, 1)
        assert "step 1: the ratios stay as they are" in caplog.text

    def test_are_in_no_checkpoint_but_that_of_a_stop(self, make: Make) -> None:
        run(trainer := make(), steps=5, poisoned=[3, 4])
        assert trainer.checkpoints.steps() == [3, 5]


class TestReports:
    def test_tell_of_every_step_and_of_the_end(self, make: Make) -> None:
        watcher = Watcher()
        run(make("training.log_every=4"), watcher)
        assert [report.step for report in watcher.reports] == [1, 2, 3, 4, 5, 6]
        assert [report.step for report in watcher.reports if report.scalars] == [4, 6]
        assert {(report.steps, report.images) for report in watcher.reports} == {(6, 4)}
        assert watcher.ends == 1

    def test_hold_the_four_terms_the_ratios_diagnostics_and_the_rate_that_was(self, make: Make) -> None:
        watcher = Watcher()
        run(make(), watcher)
        logged = watcher.reports[-1].scalars
        terms = set(SJMVITerms.__dataclass_fields__) - {"identity", "code_recovery"}  # which are asked for
        assert terms | {"ratio_loss", "mean_ratio_latent", "ratio_disagreement", "rate"} <= logged.keys()
        assert logged["maps_gradient_norm"] > 0 < logged["ratios_gradient_norm"]
        assert all(type(value) is float for value in logged.values())
        rates = [report.scalars["rate"] for report in watcher.reports]
        assert rates == pytest.approx([2e-4, 2e-4, 2e-4, 2e-4, 2e-4 * 2 / 3, 2e-4 / 3])

    def test_change_nothing_that_is_learned(self, make: Make) -> None:
        run(seen := make(name="seen"), steps=2)
        expected = state_of(seen)
        run(unseen := make("training.log_every=9", name="unseen"), steps=2)
        assert_same(state_of(unseen), expected)


class TestLearning:
    def test_the_average_is_exponential_and_takes_buffers_as_they_are(self, make: Make) -> None:
        trainer = make("model.generator.scale=fixed", "training.ema_decay=0.4")
        model, average = trainer.learner.model, trainer.learner.average.module
        expected: dict[str, Tensor] = {}
        for update in range(4):
            run(trainer, steps=1)
            now = {name: weight.detach().clone() for name, weight in model.named_parameters()}
            share = max(0.6, 3 / (3 + update))  # the window grows until it is whole
            expected = {name: torch.lerp(expected.get(name, now[name]), now[name], share) for name in now}
        for name, weight in average.named_parameters():
            torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-7)
        model.x_given_z.generator.scale.value.fill_(7.0)
        run(trainer, steps=1)
        assert average.x_given_z.generator.scale.value == 7.0

    def test_ratios_take_as_many_updates_as_the_recipe_says(self, make: Make) -> None:
        trainer = make("optimisation.ratio_steps=3")
        run(trainer, steps=2)
        sides = (trainer.learner.maps_optimisation, 2), (trainer.learner.ratios_optimisation, 6)
        for side, updates in sides:
            assert {int(state["step"]) for state in side.optimiser.state.values()} == {updates}

    @pytest.mark.parametrize("precision", ["bfloat16", "float32"])
    def test_networks_alone_compute_in_the_recipes_precision(
        self, make: Make, precision: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trainer = make(f"training.precision={precision}", "optimisation.gradient_penalty=0")
        learner, convolved, losses = trainer.learner, set(), []
        for layer in (learner.model.x_given_z.generator.stem, learner.networks.latent.judged.first):
            layer.register_forward_hook(lambda _, __, features: convolved.add(features.dtype))
        monkeypatch.setattr(Descent, "add", lambda self, loss: losses.append(loss.dtype))
        monkeypatch.setattr(Descent, "take", lambda self, step, processes: True)
        run(trainer, steps=1)
        assert convolved == {getattr(torch, precision)}
        assert losses == 3 * [torch.float32]
        assert {weight.dtype for weight in learner.model.parameters()} == {torch.float32}
