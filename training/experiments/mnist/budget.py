"""What a training may cost and how it goes about it: one for all methods; the weights are SJMVI's own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)

from training.config import BadRecipe, apply_override, first_fault
from training.objective.sjmvi import Weights

NO_PART = ("code", "ratio", "identity", "code_recovery")  # maps have no codes, x and z are of two kinds


@dataclass(frozen=True)
class Budget:
    """One for all methods. Scales are on the pixels' range, [0, 1]."""

    steps: PositiveInt = 10_000
    batch_size: PositiveInt = 128
    hidden: PositiveInt = 256
    decoder_scale: PositiveFloat = 0.2
    maps_rate: PositiveFloat = 1e-3
    ratios_rate: PositiveFloat = 1e-3
    warm_up_steps: NonNegativeInt = 2_000
    betas: tuple[float, float] = (0.5, 0.999)
    decay_from: float = 0.5
    clip_norm: PositiveFloat = 1e3
    ema_decay: float = 0.999
    weights: Weights = Weights(nelp=5.0, kl_latent=30.0, kl_observed=0.2)  # of SJMVI's terms
    conditioning: Annotated[float, Field(ge=0, le=1)] = 0.1  # lambda_c of SJMVI's r(z; x)

    __pydantic_config__ = ConfigDict(extra="forbid")


def load_budget(overrides: Sequence[str] = ()) -> Budget:
    """The published budget with `field=value` or `weights.term=value` instead. Raises BadRecipe."""
    fields: dict[str, Any] = asdict(Budget())
    for override in overrides:
        apply_override(fields, override)
    try:
        budget = TypeAdapter(Budget).validate_python(fields)
    except ValidationError as error:
        raise BadRecipe(f"the budget: {first_fault(error)}") from error
    weights, neutral = asdict(budget.weights), asdict(Weights())
    for name in NO_PART:
        if weights[name] != neutral[name]:
            raise BadRecipe(f"the budget: weights.{name} has no part in it: leave it at {neutral[name]:g}")
    return budget
