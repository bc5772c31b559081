"""Trial steps, to see what they cost: on noise, by networks that are thrown away."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from training.build import build_autocast, build_learner, build_objective, build_schedule
from training.checkpoint import CheckpointFolder
from training.courses import Courses
from training.dataset import Batch
from training.distributed import ALONE, Processes
from training.recipe import Recipe
from training.schedule import Schedule
from training.shapes import compile_generators, tune_for_fixed_shapes
from training.trainer import Trainer

COUNTED = 4  # steps


class CostProbe:
    """A training of the recipe that keeps nothing."""

    def __init__(self, recipe: Recipe, device: torch.device, processes: Processes = ALONE) -> None:
        self.size = recipe.data.size
        with tempfile.TemporaryDirectory() as folder:
            self.trainer = Trainer(
                build_learner(recipe, ("first", "second"), device),
                build_objective(recipe.objective),
                build_schedule(recipe),
                CheckpointFolder(Path(folder)),
                build_autocast(recipe, device),
                device,
                processes,
            )
        tune_for_fixed_shapes(device, recipe.training.precision)

    def compile(self) -> None:
        compile_generators(self.trainer, self.size)

    def holds(self, pairs: int) -> bool:
        """Whether the device can take a whole step on so many at once, its R1 and its log line included."""
        trainer = self.trainer
        trainer.step = 0
        trainer.schedule = replace(
            trainer.schedule, batch_size=pairs, micro_batch=pairs, log_every=1, gradient_penalty_every=1
        )
        try:
            trainer.learn(self._noise(pairs))
        except torch.OutOfMemoryError:
            return False
        finally:
            torch.cuda.empty_cache()
        return True

    def seconds_a_step(self) -> float:
        """On the average, with R1 in its share of the steps; of courses, where they end."""
        schedule = replace(self.trainer.schedule, courses=Courses())
        plain_s = self._seconds(replace(schedule, gradient_penalty=0.0))
        if not schedule.gradient_penalty:
            return plain_s
        penalised_s = self._seconds(replace(schedule, gradient_penalty_every=1))
        return plain_s + (penalised_s - plain_s) / schedule.gradient_penalty_every

    def _seconds(self, schedule: Schedule) -> float:
        trainer = self.trainer
        trainer.schedule = schedule
        batch = self._noise(len(range(schedule.batch_size)[trainer.processes.part]))
        trainer.learn(batch)  # a device's first one finds out how to do it
        began_s = self._now_s()
        for _ in range(COUNTED):
            trainer.learn(batch)
        return (self._now_s() - began_s) / COUNTED

    def _noise(self, pairs: int) -> Batch:
        return Batch(*(torch.rand(2, pairs, 3, self.size, self.size) * 2 - 1))

    def _now_s(self) -> float:
        if self.trainer.device.type == "cuda":
            torch.cuda.synchronize(self.trainer.device)
        return time.monotonic()
