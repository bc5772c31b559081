"""What the service and the process that has the device say to each other."""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from translation.sampler import SampleRequest, SampleResult


@dataclass(frozen=True)
class Version:
    """One version of a model: where its bundle lies, and the digest that this must have."""

    name: str
    folder: Path
    digest: str


@dataclass(frozen=True)
class Order:
    """Requests of one working size and direction, sampled in batches of `batch`. Without any, the model is
    only warmed up."""

    version: Version
    requests: tuple[SampleRequest, ...] = ()
    batch: int = 1


class Outcome(Enum):
    DONE = auto()
    OUT_OF_MEMORY = auto()
    INVALID_BUNDLE = auto()
    DEVICE_LOST = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Warmth:
    """What is on the device: models, and on one with a memory of its own the bytes of each kind."""

    models: tuple[Version, ...] = ()
    memory_bytes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Reply:
    """A result for each of the order's requests, or `text` on why there are none."""

    outcome: Outcome
    results: tuple[SampleResult, ...] = ()
    text: str = ""
    warmth: Warmth = Warmth()
