"""What may be said otherwise of a run that goes on: what it learns is settled, the means to it are not."""

from collections.abc import Sequence

from training.config import BadRecipe, load_recipe
from training.recipe import Recipe
from translation.run_folder import RunFolder

NETWORK = "evaluation.features"
RESUMABLE = (
    "training.micro_batch",
    "training.activation_checkpointing",
    "training.compile",
    "data.workers",
    "data.cache_bytes",
    NETWORK,
)
"""What changes how much memory and time a run takes, or where its network lies."""


def resumed_recipe(run: RunFolder, overrides: Sequence[str]) -> Recipe:
    """Raises BadRecipe where an override changes more than the means to the same result."""
    for override in overrides:
        if override.partition("=")[0] not in RESUMABLE:
            raise BadRecipe(
                f"{override!r}: a run that goes on can change {', '.join(RESUMABLE)}, and nothing else; what "
                f"is to learn otherwise, or longer, is a new run: --set training.start_from={run.bundle}"
            )
    recipe = str(run.recipe)
    changed = load_recipe(recipe, overrides)
    if changed.evaluation.features is not None and load_recipe(recipe).evaluation.features is None:
        raise BadRecipe(f"{NETWORK}: {run} selects by no network, and keeps to that; begin a new run")
    return changed
