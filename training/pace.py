"""How long a training is to be, in minutes: as many steps as this machine takes in them."""

import math
import sys
import time

import torch

from training.config import BadRecipe
from training.cost_probe import CostProbe
from training.distributed import Processes
from training.memory import ADVICE, TooLittleMemory
from training.recipe import Recipe

MINUTE_S = 60.0
FEWEST = 10  # steps: of fewer a model is noise


def lasting(minutes: float, recipe: Recipe, device: torch.device, processes: Processes) -> Recipe:
    """The recipe with as many steps as fit, by the pace of a few trial steps. Rates and courses, which go by
    a share of the steps, are fitted to them.

    The trial steps are counted in. Reading pictures, validation, checkpoints and what comes after the last
    step are not. Raises BadRecipe where next to no step fits, and TooLittleMemory.
    """
    if not 0 < minutes < math.inf:  # nor is it NaN
        raise BadRecipe(f"{minutes:g} minutes are no time to train in")
    began_s = now_s()
    pace_s = _seconds_a_step(recipe, device, processes)
    spent_s = now_s() - began_s
    steps, spent_s = processes.from_first((int((minutes * MINUTE_S - spent_s) / pace_s), spent_s))
    if steps < FEWEST:
        least = (spent_s + FEWEST * pace_s) / MINUTE_S
        raise BadRecipe(f"{minutes:g} minutes are too few: {FEWEST} steps take {least:.2g} of them here")
    if processes.is_first:
        sys.stderr.write(f"{1 / pace_s:.3g} steps/s: {steps} steps in {minutes:g} min\n")
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": steps})})


def now_s() -> float:
    return time.monotonic()


def _seconds_a_step(recipe: Recipe, device: torch.device, processes: Processes) -> float:
    try:
        probe = CostProbe(recipe, device, processes)
        if recipe.training.compile:
            probe.compile()
        return probe.seconds_a_step()
    except torch.OutOfMemoryError as error:
        raise TooLittleMemory(
            f"the device has too little memory for a step: take {ADVICE} ({str(error).splitlines()[0]})"
        ) from error
