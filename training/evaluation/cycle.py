"""How much of a picture comes back from source -> target -> source, and what it came back by.

A map that hides the source in a faint pattern of its translation gets it back until the translation is
disturbed, by noise or by a JPEG: Chu, Zhmoginov and Sandler (2017), https://arxiv.org/abs/1712.02950. The
intermediate is a picture of 8 bits in every case; the way back is the mean image.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import chain
from typing import TypeAlias

import numpy as np
from PIL import Image

from training.evaluation.bench import Bench, Direction
from training.evaluation.figures import Line
from training.evaluation.translations import mean_codes, translate

Disturbance = Callable[[Image.Image, int], Image.Image]
Losses: TypeAlias = Mapping[str, Sequence[float]]  # of each picture, by what was done to its translation

PLAIN = "plain"
JPEG_QUALITY = 90


def disturbances(noises: Sequence[float]) -> Mapping[str, Disturbance]:
    """What is done to an intermediate picture: nothing, a JPEG, noise of each sigma (in units of [-1, 1])."""
    table: dict[str, Disturbance] = {PLAIN: lambda image, seed: image, f"jpeg_{JPEG_QUALITY}": _jpeg}
    return table | {f"noise_{sigma:g}": partial(_noisy, sigma=sigma) for sigma in noises}


def cycle_losses(bench: Bench, at: Direction, translated: Sequence[Image.Image], start: int = 0) -> Losses:
    """Mean absolute errors in grey levels, of translations of the sources from `start` on."""
    codes = mean_codes(len(translated), bench.sampler.model.code_size)
    rows = range(start, start + len(translated))
    losses = {}
    for name, disturb in disturbances(bench.protocol.noises).items():
        back = translate(bench.sampler, map(disturb, translated, rows), at.source, codes, bench.tick)
        pairs = zip(at.sources.chosen(rows), back, strict=True)
        losses[name] = [mean_absolute_error(source, again) for source, again in pairs]
    return losses


def cycle_errors(parts: Iterable[Losses]) -> Line:
    """Means over the pictures of all parts."""
    parts = list(parts)
    return {name: float(np.mean([*chain(*(part[name] for part in parts))])) for name in parts[0]}


def mean_absolute_error(a: Image.Image, b: Image.Image) -> float:
    """Grey levels of 255, over pixels and channels; of pictures of one size."""
    return float(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).mean())


def _jpeg(image: Image.Image, seed: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    with Image.open(buffer) as compressed:
        return compressed.convert("RGB")


def _noisy(image: Image.Image, seed: int, sigma: float) -> Image.Image:
    pixels = np.asarray(image, np.float64)
    noise = np.random.default_rng(seed).standard_normal(pixels.shape)
    return Image.fromarray(np.rint(pixels + 127.5 * sigma * noise).clip(0, 255).astype(np.uint8))
