"""How long a training is to be, in minutes: as many steps as this machine takes in them."""

import sys
import time

import torch

from training.distributed import Processes
from training.recipe import Recipe
from training.trial import Trial

MINUTE_S = 60.0


def lasting(minutes: float, recipe: Recipe, device: torch.device, processes: Processes) -> Recipe:
    """The recipe with the steps that fit, by the pace of a few on noise; one at least. All that goes by a
    share of the steps, rates and courses, has its whole course in them.

    The few are counted in; reading pictures, validation, checkpoints and what comes after the last step are
    not.
    """
    began_s = time.monotonic()
    trial = Trial(recipe, device, processes)
    if recipe.training.compile:
        trial.compile()
    pace_s = trial.seconds_a_step()
    left_s = minutes * MINUTE_S - (time.monotonic() - began_s)
    steps = processes.from_first(max(int(left_s / pace_s), 1))
    if processes.is_first:
        sys.stderr.write(f"{1 / pace_s:.3g} steps/s: {steps} steps in {minutes:g} min\n")
    return with_steps(recipe, steps)


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": steps})})
