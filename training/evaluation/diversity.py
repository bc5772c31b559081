"""How far the samples of one input lie apart: in pixels, and in what a network sees.

Noise scores high on both, so read them beside the distance of single samples to the references.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from training.evaluation.bench import Bench, Direction
from training.evaluation.features import Array
from training.evaluation.figures import Line
from training.evaluation.translations import samples_of
from translation.spread import Spread

BAND = 64  # rows at once


def diversity(bench: Bench, at: Direction, seed: int) -> Line:
    """pixel_std, grey levels, and feature_distance, cosine, 0 to 2: means over the first inputs."""
    pixels, distances = [], []
    some = at.sources.first(bench.protocol.inputs)
    for name, image in zip(some.names, some, strict=True):
        samples = samples_of(bench.sampler, image, name, at.target, seed, bench.protocol.samples)
        bench.tick(len(samples))
        pixels.append(pixel_std(samples))
        distances.append(mean_cosine_distance(bench.network(samples, bench.tick).pooled))
    return {"pixel_std": float(np.mean(pixels)), "feature_distance": float(np.mean(distances))}


def pixel_std(samples: Sequence[Image.Image]) -> float:
    """The mean of the samples' Spread, in grey levels."""
    width, height = samples[0].size
    deviation = 0.0
    for top in range(0, height, BAND):  # a photograph's whole sums would fill the memory
        box = (0, top, width, min(top + BAND, height))
        band = Spread.of([sample.crop(box) for sample in samples])
        deviation += float(band.levels.sum(dtype=np.float64))
    return deviation / (width * height)


def mean_cosine_distance(features: Array) -> float:
    """0 to 2, over all pairs of the rows (N, D), N at least 2."""
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    similarities = directions @ directions.T
    count = len(features)
    mean = (similarities.sum() - np.trace(similarities)) / (count * (count - 1))
    return max(0.0, float(1 - mean))  # of equal rows, rounding would make it negative
