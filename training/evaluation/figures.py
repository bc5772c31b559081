"""What an evaluation found: figures by direction and line, each over the seeds, and what gave them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

Line: TypeAlias = Mapping[str, float]  # figures by name
Lines: TypeAlias = Mapping[str, Line]


MEASURES = (
    "sample",
    "mean",
    "untranslated",
    "real",
    "diversity",
    "cycle",
    "content",
    "domain_score",
    "bound",
)


class BadProtocol(ValueError):
    """Something is asked that these pictures, or this network, cannot answer."""


@dataclass(frozen=True)
class Figure:
    """`values` are one for each seed; `std` is over them, NaN for a single one."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def std(self) -> float:
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.nan

    def as_json(self) -> dict[str, Any]:
        """What is no number is null."""
        return {
            "mean": _or_null(self.mean),
            "std": _or_null(self.std),
            "seeds": [_or_null(value) for value in self.values],
        }


@dataclass(frozen=True)
class EvaluationProtocol:
    """What was asked of an evaluation: equal protocols of equal pictures and networks can be compared.

    `size`: the short side that all pictures are brought to, None leaves them. `noises` in units of [-1, 1].
    `classes` by domain, an index of the network's logits. `inputs` are the first so many pictures of a
    domain, which are looked at in `samples` samples and for their structure. Raises BadProtocol.
    """

    seeds: tuple[int, ...] = (0,)
    size: int | None = None
    samples: int = 10
    inputs: int = 30
    noises: tuple[float, ...] = (0.01, 0.05)
    classes: Mapping[str, int] | None = None
    measures: tuple[str, ...] = MEASURES

    def __post_init__(self) -> None:
        if not self.seeds or self.samples < 2 or self.inputs < 2:
            raise BadProtocol("an evaluation needs a seed, two samples of an input, and two inputs")
        for noise in self.noises:
            if not 0 <= noise < math.inf:
                raise BadProtocol(f"noise {noise} is not from 0 on: it is a sigma on the scale of [-1, 1]")
        if unknown := set(self.measures) - set(MEASURES):
            raise BadProtocol(f"{', '.join(sorted(unknown))} is none of {', '.join(MEASURES)}")


@dataclass(frozen=True)
class DirectionFigures:
    """Of source -> target: `lines[line][figure]`."""

    source: str
    target: str
    pictures: int
    references: int
    lines: Mapping[str, Mapping[str, Figure]]

    def as_json(self) -> dict[str, Any]:
        lines = {
            line: {name: figure.as_json() for name, figure in figures.items()}
            for line, figures in self.lines.items()
        }
        counts = {"pictures": self.pictures, "references": self.references}
        return {"source": self.source, "target": self.target, **counts, "lines": lines}


@dataclass(frozen=True)
class Evaluation:
    """Both directions: first domain to second, and back."""

    protocol: EvaluationProtocol
    frechet_name: str
    kernel_name: str
    network_digest: str
    directions: tuple[DirectionFigures, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "protocol": asdict(self.protocol),
            "frechet": self.frechet_name,
            "kernel": self.kernel_name,
            "network_sha256": self.network_digest,
            "directions": [direction.as_json() for direction in self.directions],
        }

    def scalars(self) -> dict[str, float]:
        """Means over seeds, flat: {"horse_to_zebra/sample/frechet": ...}."""
        return {
            f"{direction.source}_to_{direction.target}/{line}/{name}": figure.mean
            for direction in self.directions
            for line, figures in direction.lines.items()
            for name, figure in figures.items()
        }


def over_seeds(trials: Sequence[Lines]) -> dict[str, dict[str, Figure]]:
    """The trials, one for each seed, have the same lines and figures."""
    return {
        line: {name: Figure(tuple(trial[line][name] for trial in trials)) for name in figures}
        for line, figures in trials[0].items()
    }


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
