"""How far the samples of one input lie apart: in pixels, and in what a network sees.

Noise scores high on both, so read them beside the distance of single samples to the references.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.evaluation.features import Array


@dataclass(frozen=True)
class Diversity:
    """Means over inputs. `pixel_std` in grey levels of 255; `feature_distance` is cosine, 0 to 2."""

    pixel_std: float
    feature_distance: float


def pixel_std(samples: Sequence[Image.Image]) -> float:
    """The standard deviation of a pixel's channel over the samples, grey levels, averaged over them all."""
    stack = np.stack([np.asarray(sample, np.float64) for sample in samples])
    return float(stack.std(0, ddof=1).mean())


def mean_cosine_distance(features: Array) -> float:
    """Over all pairs of the rows (N, D), N at least 2."""
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    similarities = directions @ directions.T
    count = len(features)
    return float(1 - (similarities.sum() - np.trace(similarities)) / (count * (count - 1)))
