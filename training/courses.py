"""Numbers of the objective that change while a run lasts: piecewise linear in the share of it that is done.

A course is a function of the step alone, so that no checkpoint holds any of it and a run is resumed exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field
from torch import nn

from training.objective.ratios import TwoHeadRatio
from training.objective.sjmvi import SJMVI, Ratios
from translation.distributions import FixedScale


def _refuse_steps_back(knots: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if any(before >= after for (before, _), (after, _) in pairwise(knots)):
        raise ValueError("the shares of a course are to grow from one to the next")
    return knots


Share = Annotated[float, Field(ge=0, le=1)]
Course: TypeAlias = Annotated[
    tuple[tuple[Share, Annotated[float, Field(ge=0)]], ...],
    Field(min_length=1),
    AfterValidator(_refuse_steps_back),
]
"""(share of the steps, value) pairs, linear between two of them and level beyond the first and the last."""

WeightCourse: TypeAlias = Annotated[
    tuple[tuple[Share, Share], ...], Field(min_length=1), AfterValidator(_refuse_steps_back)
]
"""A course of values in [0, 1]."""


def end_of(value: float | Course) -> float:
    """Of a course its last value, of a number itself."""
    return value[-1][1] if isinstance(value, tuple) else value


def value_at(course: Course, share: float) -> float:
    for (before, low), (after, high) in pairwise(course):
        if before <= share < after:
            return low + (high - low) * (share - before) / (after - before)
    return course[0][1] if share < course[0][0] else course[-1][1]


@dataclass(frozen=True)
class Courses:
    """What changes; None: nothing. `likelihood` multiplies the weights of nell and nelp, `code` that of the
    codes; `conditioning`, `reach` and `scale`, which is of fixed output scales, are the values themselves."""

    conditioning: Course | None = None
    reach: Course | None = None
    likelihood: Course | None = None
    code: Course | None = None
    scale: Course | None = None

    def in_effect(self, share: float) -> dict[str, float]:
        """By name, of those that there are."""
        courses = {
            "conditioning": self.conditioning,
            "reach": self.reach,
            "likelihood_factor": self.likelihood,
            "code_factor": self.code,
            "output_scale": self.scale,
        }
        return {name: value_at(course, share) for name, course in courses.items() if course}

    def apply_at(self, share: float, model: nn.Module, ratios: Ratios) -> None:
        """Sets the model's fixed scales and what is charged of the ratios."""
        now = self.in_effect(share)
        if "conditioning" in now:
            _condition((ratios.latent, ratios.observed), now["conditioning"])
        if "output_scale" in now:
            set_fixed_scales(model, now["output_scale"])

    def objective_at(self, share: float, objective: SJMVI) -> SJMVI:
        """What `objective`, as the recipe has it, is then."""
        now = self.in_effect(share)
        if not now:
            return objective
        likelihood, code = now.get("likelihood_factor", 1.0), now.get("code_factor", 1.0)
        weights = objective.weights
        return replace(
            objective,
            reach=now.get("reach", objective.reach),
            weights=replace(
                weights,
                nell=likelihood * weights.nell,
                nelp=likelihood * weights.nelp,
                code=code * weights.code,
            ),
        )


def _condition(ratios: Iterable[nn.Module], conditioning: float) -> None:
    for ratio in ratios:
        if isinstance(ratio, TwoHeadRatio):
            ratio.conditioning = conditioning


def set_fixed_scales(model: nn.Module, value: float) -> None:
    for module in model.modules():
        if isinstance(module, FixedScale):
            module.value.fill_(value)
