"""What a run does before its first step."""

import logging
import sys

from training.memory import plan_memory
from training.recipe import Recipe
from training.shapes import compile_generators, tune_for_fixed_shapes
from training.trainer import Trainer

log = logging.getLogger(__name__)


def prepare(trainer: Trainer, recipe: Recipe) -> None:
    """Says what memory it will take, and warns where that is too much; tunes and compiles."""
    plan = plan_memory(trainer, recipe.data.size)
    if trainer.processes.is_first:
        sys.stderr.write(f"{plan}\n")
    if plan.warning:
        log.warning("%s", plan.warning)
    tune_for_fixed_shapes(trainer.device, recipe.training.precision)
    if recipe.training.compile:
        compile_generators(trainer, recipe.data.size)
