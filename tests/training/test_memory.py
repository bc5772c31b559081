"""What is said of memory: before a run, of a probe, and when it ends for want of it."""

import runpy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import training.memory
import training.probe
from training.config import load_recipe
from training.cost_probe import CostProbe
from training.dataset import Batch
from training.distributed import Processes
from training.memory import (
    MemoryPlan,
    TooLittleMemory,
    explained,
    kept_for_a_pair,
    pairs_at_once,
    plan_memory,
)
from training.probe import largest, probe_batch
from training.random_state import rng_state
from training.trainer import Trainer

TINY = str(Path(__file__).with_name("tiny.toml"))
JOINT = runpy.run_path(str(Path(__file__).with_name("parts") / "joint_step.py"))
Make = Callable[..., Trainer]
PLAN = MemoryPlan(
    weights=100, gradients=100, adam=200, average=50, replay=0, pair=1000, micro_batch=4, available=4500
)


@pytest.fixture(name="trainer_of")
def _trainer_of(tmp_path: Path) -> Make:
    return partial(JOINT["trainer_of"], folder=tmp_path)


class TestPlan:
    def test_counts_what_is_fixed_and_what_each_pair_adds(self) -> None:
        assert (PLAN.fixed, PLAN.total, PLAN.largest_micro_batch) == (450, 4450, 4)
        assert PLAN.fits
        assert PLAN.warning is None

    def test_warns_of_too_many_pairs_and_says_what_to_do(self) -> None:
        warning = replace(PLAN, micro_batch=5).warning
        assert warning is not None
        assert "training.micro_batch" in warning
        assert "activation_checkpointing" in warning

    def test_of_a_device_that_tells_nothing_is_no_warning(self) -> None:
        plan = replace(PLAN, available=None, micro_batch=10**6)
        assert (plan.warning, plan.largest_micro_batch) == (None, None)

    def test_is_of_the_pairs_that_one_process_holds(self, trainer_of: Make) -> None:
        trainer = trainer_of("training.batch_size=5")
        assert pairs_at_once(trainer) == 5
        trainer.processes = Processes(0, 2)
        assert plan_memory(trainer, 16).micro_batch == pairs_at_once(trainer) == 3

    def test_is_that_of_the_trainer(self, trainer_of: Make) -> None:
        trainer = trainer_of("training.micro_batch=3")
        plan = plan_memory(trainer, 16)
        learner = trainer.learner
        maps, ratios = (
            sum(weight.nbytes for weight in network.parameters())
            for network in (learner.model, learner.networks)
        )
        assert (plan.weights, plan.adam, plan.average) == (maps + ratios, 2 * (maps + ratios), maps)
        assert plan.micro_batch == 3
        assert plan.available is None or plan.available > plan.fixed
        assert str(plan).startswith("memory, GB: weights 0.00")

    def test_counts_the_past_draws(self, trainer_of: Make) -> None:
        trainer = trainer_of("optimisation.replay_pairs=3")
        for _ in range(4):
            trainer.learn(Batch(*torch.rand(2, 2, 3, 16, 16)))
        pools = trainer.learner.replay.state_dict().values()
        kept = sum(picture.nbytes for pool in pools for pictures in pool.values() for picture in pictures)
        plan = plan_memory(trainer, 16)
        assert plan.replay == kept > 0
        assert plan.fixed == plan_memory(trainer_of(), 16).fixed + kept
        assert "past draws" in str(replace(plan, replay=10**9))
        assert "past draws" not in str(PLAN)


class TestWhatIsKeptForAPair:
    def test_grows_as_the_area(self, trainer_of: Make) -> None:
        small, large = (kept_for_a_pair(trainer_of(), side) for side in (32, 64))
        assert large == pytest.approx(4 * small, rel=0.15)  # margins are a larger share of the small one

    def test_of_large_pictures_is_that_of_smaller_ones_times_the_area(
        self, trainer_of: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(training.memory, "MEASURED_SIDE", 16)
        assert kept_for_a_pair(trainer_of(), 4096) == 65536 * kept_for_a_pair(trainer_of(), 16)

    def test_is_found_without_a_trace(self, trainer_of: Make) -> None:
        trainer = trainer_of()
        before = rng_state()["cpu"]
        kept_for_a_pair(trainer, 16)
        assert torch.equal(rng_state()["cpu"], before)
        assert all(weight.grad is None for weight in trainer.learner.model.parameters())
        assert all(weight.requires_grad for weight in trainer.learner.networks.parameters())


class TestProbe:
    @pytest.mark.parametrize("fitting", [0, 1, 2, 3, 7, 8, 9, 100])
    def test_finds_the_largest_that_fits(self, fitting: int) -> None:
        tried: list[int] = []

        def fits(pairs: int) -> bool:
            tried.append(pairs)
            return pairs <= fitting

        assert largest(fits, at_most=9) == min(fitting, 9)
        assert max(tried) <= 9

    def test_on_a_cpu_is_the_plans(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(training.probe, "plan_memory", lambda trainer, size: PLAN)
        assert probe_batch(TINY, (), "cpu") == 4

    def test_says_what_to_do_where_nothing_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(training.probe, "plan_memory", lambda *_: replace(PLAN, available=1000))
        with pytest.raises(TooLittleMemory, match="not one pair of 16 pixels fits on cpu: .*micro_batch"):
            probe_batch(TINY, (), "cpu")

    def test_takes_a_step_that_runs_out_of_memory_for_one_too_many(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        probe, learn = CostProbe(load_recipe(TINY), torch.device("cpu")), Trainer.learn

        def limited(self: Trainer, batch: Batch) -> object:
            if len(batch.x) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return learn(self, batch)

        monkeypatch.setattr(Trainer, "learn", limited)
        assert largest(probe.holds, at_most=64) == 3


@pytest.mark.parametrize(
    ("micro_batch", "change"), [(8, "training.micro_batch=4"), (1, "training.activation_checkpointing=true")]
)
def test_running_out_of_memory_says_how_to_go_on(micro_batch: int, change: str, tmp_path: Path) -> None:
    with (
        pytest.raises(TooLittleMemory, match=f"{micro_batch} pairs.*--resume {tmp_path} --set {change}"),
        explained(tmp_path, micro_batch),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore")
