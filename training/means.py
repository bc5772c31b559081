"""The fields of a recipe that a run may change as it goes on."""

from collections.abc import Sequence

from training.config import BadRecipe

MEANS = (
    "training.micro_batch",
    "training.activation_checkpointing",
    "training.compile",
    "data.workers",
    "evaluation.features",
)
"""What changes how much memory and time a run takes, or where its network lies, and not what it learns."""


def only_means(overrides: Sequence[str]) -> Sequence[str]:
    """The same. Raises BadRecipe where one changes more than the means to the same result."""
    for override in overrides:
        if override.partition("=")[0] not in MEANS:
            raise BadRecipe(
                f"{override!r}: a run that goes on can change {', '.join(MEANS)}, and nothing else"
            )
    return overrides
