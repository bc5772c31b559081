"""How far the samples of one picture lie apart, pixel by pixel: where its translation could be another one.

It is the codes' share of the uncertainty, at the temperature that they were drawn at. The density around each
sample, and what no code was ever taught to say, are not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STEPS = 2  # of the map to a grey level: hardly a deviation of values from 0 to 255 exceeds 127.5


@dataclass(frozen=True)
class Spread:
    """`levels` (H, W): standard deviations of the pixels over the samples, grey levels, means of channels."""

    levels: NDArray[np.float32]

    @classmethod
    def of(cls, samples: Sequence[Image.Image]) -> "Spread":
        """Of two or more RGB images of one size."""
        first = np.asarray(samples[0], np.float32)
        total, squares = np.zeros_like(first), np.zeros_like(first)
        for sample in samples:
            difference = np.asarray(sample, np.float32) - first  # squares of large numbers lose digits
            total += difference
            squares += difference * difference
        variance = (squares - total * total / len(samples)) / (len(samples) - 1)
        return cls(np.sqrt(variance.clip(min=0)).mean(-1))

    @property
    def mean(self) -> float:
        """Grey levels."""
        return float(self.levels.mean())

    def image(self) -> Image.Image:
        """Grey, STEPS to a level; what exceeds the range is white."""
        return Image.fromarray((STEPS * self.levels).round().clip(0, 255).astype(np.uint8))
