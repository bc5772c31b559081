"""The largest micro batch that a device holds: tried on CUDA, estimated on a CPU."""

from collections.abc import Callable, Sequence

from training.config import load_recipe
from training.cost_probe import CostProbe
from training.memory import ADVICE, TooLittleMemory, plan_memory
from translation.device import pick_device

AT_MOST = 4096


def probe_batch(name_or_path: str, overrides: Sequence[str], device_name: str) -> int:
    """Pairs of that recipe, 4096 at most. Raises BadRecipe, NoSuchDevice; TooLittleMemory where none fits."""
    recipe, device = load_recipe(name_or_path, overrides), pick_device(device_name)
    probe = CostProbe(recipe, device)
    if device.type == "cuda":
        pairs = largest(probe.holds, AT_MOST)
    else:
        estimate = plan_memory(probe.trainer, recipe.data.size).largest_micro_batch
        pairs = AT_MOST if estimate is None else min(estimate, AT_MOST)
    if not pairs:
        raise TooLittleMemory(f"not one pair of {recipe.data.size} pixels fits on {device}: {ADVICE}")
    return pairs


def largest(fits: Callable[[int], bool], at_most: int) -> int:
    """The largest number that fits, at least 0, where every smaller one fits as well: by doubling, then by
    bisection."""
    fitting, refused = 0, 1
    while refused <= at_most and fits(refused):
        fitting, refused = refused, 2 * refused
    refused = min(refused, at_most + 1)
    while refused - fitting > 1:
        middle = (fitting + refused) // 2
        fitting, refused = (middle, refused) if fits(middle) else (fitting, middle)
    return fitting
