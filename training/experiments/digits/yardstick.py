"""What a translation is measured by, and how much of it: one for all methods."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Yardstick:
    """Counts are of each direction. `noises`, in units of [-1, 1], disturb what is translated back.

    What a classifier learns from is turned and sheared by up to so many degrees, moved by up to a share of
    its side, enlarged or shrunk by up to a factor: the same digit, wherever the other domain may have it.
    """

    train: int = 8_000  # digits of a domain, at most: for the translator, and, labelled, for classifiers
    validation: int = 1_000
    pool: int = 12_000  # translations that a classifier learns from, each under a code of its own
    classifier_steps: int = 2_000
    classifier_batch: int = 64
    classifier_rate: float = 1e-3
    selections: int = 10
    rotation: float = 15.0
    shear: float = 15.0
    translation: float = 0.1
    zoom: float = 1.4
    translated: int = 1_000  # test digits whose translations are to keep their labels
    inputs: int = 50
    samples: int = 8
    cycled: int = 100
    noises: tuple[float, ...] = (0.02, 0.05, 0.1)
