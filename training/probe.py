"""The largest micro batch that a device holds: tried on CUDA, estimated on a CPU."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from training.build import build_autocast, build_learner, build_objective, build_schedule
from training.checkpoint import CheckpointFolder
from training.config import load_recipe
from training.dataset import Batch
from training.memory import ADVICE, TooLittleMemory, plan_memory
from training.shapes import tune_for_fixed_shapes
from training.trainer import Trainer
from translation.device import pick_device

AT_MOST = 4096


def probe_batch(name_or_path: str, overrides: Sequence[str], device_name: str) -> int:
    """Pairs of that recipe, 4096 at most. Raises BadRecipe, NoSuchDevice; TooLittleMemory where none fits."""
    recipe, device = load_recipe(name_or_path, overrides), pick_device(device_name)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            build_learner(recipe, ("first", "second"), device),
            build_objective(recipe.objective),
            build_schedule(recipe),
            CheckpointFolder(Path(folder)),
            [],
            build_autocast(recipe, device),
            device,
        )
    tune_for_fixed_shapes(device)
    if device.type == "cuda":
        found = largest(lambda pairs: _fits(trainer, pairs, recipe.data.size), AT_MOST)
    else:
        estimate = plan_memory(trainer, recipe.data.size).largest_micro_batch
        found = AT_MOST if estimate is None else min(estimate, AT_MOST)
    if not found:
        raise TooLittleMemory(f"not one pair of {recipe.data.size} pixels fits on {device}: {ADVICE}")
    return found


def largest(fits: Callable[[int], bool], at_most: int) -> int:
    """The largest number from 0 on that fits, where all below fit as well: by doubling, then by halves."""
    found, refused = 0, 1
    while refused <= at_most and fits(refused):
        found, refused = refused, 2 * refused
    refused = min(refused, at_most + 1)
    while refused - found > 1:
        middle = (found + refused) // 2
        found, refused = (middle, refused) if fits(middle) else (found, middle)
    return found


def _fits(trainer: Trainer, pairs: int, size: int) -> bool:
    """Whether a whole step on them does, its R1 and its log line included."""
    trainer.step = 0
    trainer.schedule = replace(trainer.schedule, batch_size=pairs, micro_batch=pairs, log_every=1)
    try:
        trainer.learn(Batch(*(torch.rand(2, pairs, 3, size, size) * 2 - 1)))
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True
