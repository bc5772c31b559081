"""Random views of a picture, drawn by albumentations: uint8 (H, W, 3) in, uint8 (S, S, 3) out.

A view is a function of (picture, seed) alone, so that a resumed run and any number of workers see the same.
The only file that imports albumentations. Its version is pinned: the successor of the same import name is
AGPL and sends usage statistics.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from albumentations import Compose

Pixels: TypeAlias = NDArray[np.uint8]


def _pipeline(size: int, load_size: int, horizontal_flip: float, crop: str, colour_jitter: float) -> Compose:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # else the import asks the network for a newer version
    import albumentations  # takes seconds, and only training needs it

    transforms = [
        CROPS[crop](albumentations, size, load_size),
        albumentations.HorizontalFlip(p=horizontal_flip),
    ]
    if colour_jitter:
        strengths = {name: colour_jitter for name in ("brightness", "contrast", "saturation")}
        transforms.append(albumentations.ColorJitter(**strengths, hue=colour_jitter / 4, p=1.0))
    return albumentations.Compose(transforms)


SMALLEST_CROP = 0.75  # of the short side: a share of a long picture's area would often be no square of it
CROPS: dict[str, Callable[[Any, int, int], Any]] = {
    "random": lambda albumentations, size, load_size: albumentations.RandomCrop(size, size),
    "resized": lambda albumentations, size, load_size: albumentations.RandomSizedCrop(
        (ceil(SMALLEST_CROP * load_size), load_size), (size, size), w2h_ratio=1.0
    ),
    "centre": lambda albumentations, size, load_size: albumentations.CenterCrop(size, size),
}


class Augmentation:
    """Pictures whose short side is `load_size` become views of size x size.

    `horizontal_flip` is a probability. `colour_jitter` is the largest relative change of brightness, contrast
    and saturation, and four times that of hue; 0 turns it off.
    """

    def __init__(
        self,
        size: int,
        load_size: int,
        horizontal_flip: float = 0.5,
        crop: str = "random",
        colour_jitter: float = 0.0,
    ) -> None:
        if load_size < size:
            raise ValueError(f"load_size {load_size} is smaller than the views cut from it, {size}")
        if crop not in CROPS:
            raise ValueError(f"no crop named {crop!r}: {', '.join(CROPS)}")
        self.size = size
        self.load_size = load_size
        self._view = _pipeline(size, load_size, horizontal_flip, crop, colour_jitter)
        self._lock = threading.Lock()  # the pipeline holds its random state between the seeding and the call

    def __call__(self, pixels: Pixels, seed: int) -> Pixels:
        """The view number `seed` of a picture; any seed >= 0."""
        with self._lock:
            # Not set_random_seed: it gives every transform the same numbers, which then fire together.
            self._view.set_random_state(np.random.default_rng(seed), random.Random(seed))
            view: Pixels = self._view(image=pixels)["image"]
        return np.ascontiguousarray(view)
