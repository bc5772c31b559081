"""What a translation is measured by, and how much of it: one for all methods."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Yardstick:
    """Counts are of each direction. `noises`, in units of [-1, 1], disturb what is translated back."""

    train: int = 8_000  # digits of a domain, at most: for the translator, and, labelled, for classifiers
    validation: int = 1_000
    pool: int = 12_000  # translations that a classifier learns from, each under a code of its own
    classifier_steps: int = 1_000
    classifier_batch: int = 64
    classifier_rate: float = 1e-3
    selections: int = 10
    translated: int = 1_000  # test digits whose translations are to keep their labels
    inputs: int = 50
    samples: int = 8
    cycled: int = 100
    noises: tuple[float, ...] = (0.02, 0.05, 0.1)
