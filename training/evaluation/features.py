"""What a network sees in pictures: the space in which their distances are measured.

A distance is called after its network. FID is that of the Inception-v3 that Heusel et al. (2017) measured
with, its weights ported to torch, with the resampling of its own time; of any other network it is not.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

T = TypeVar("T")

Tick = Callable[[int], None]  # told how many pictures went through a network
Array = NDArray[np.float64]
Pixels = NDArray[np.float32]

BATCH = 8


class BadFeatureNetwork(ValueError):
    """The network gives no features; the message says what it would have to be."""


class UnfetchedNetwork(BadFeatureNetwork):
    """The network cannot be downloaded, or there is no place to keep it."""


@dataclass(frozen=True)
class Features:
    """Of N pictures: (N, D), class logits (N, K) and feature maps (N, C, h, w) where the network has them."""

    pooled: Array
    logits: Array | None = None
    maps: Array | None = None

    def __len__(self) -> int:
        return len(self.pooled)


class FeatureNetwork(ABC):
    """Pictures of any size to features. `digest` is that of its weights, `side` the pixels it looks at."""

    def __init__(self, name: str, digest: str, side: int, batch: int = BATCH) -> None:
        self.name = name
        self.digest = digest
        self.side = side
        self.batch = batch

    @property
    def frechet_name(self) -> str:
        """What a Frechet distance in these features may be called."""
        return f"{self.name} FD"

    @property
    def kernel_name(self) -> str:
        return f"{self.name} KD x100"

    def __call__(self, images: Iterable[Image.Image], tick: Tick = lambda pictures: None) -> Features:
        """In the order of the images, without maps: of many pictures they would fill the memory."""
        parts = []
        for some in in_batches(images, self.batch):
            parts.append(replace(self.look(some), maps=None))
            tick(len(some))
        return joined(parts)

    @abstractmethod
    def look(self, images: Sequence[Image.Image]) -> Features:
        """One batch, with maps."""


class Blind(FeatureNetwork):
    """In the place of one, for measures that look at pixels alone."""

    def __init__(self) -> None:
        super().__init__("no network", "", 1)

    def look(self, images: Sequence[Image.Image]) -> Features:
        raise BadFeatureNetwork("distances and diversity are measured in a network's features: give one")


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def joined(parts: Sequence[Features]) -> Features:
    """Of one network, one after the other, without maps."""
    logits = [part.logits for part in parts if part.logits is not None]
    return Features(
        np.concatenate([part.pooled for part in parts]), np.concatenate(logits) if logits else None
    )


def normalised(images: Sequence[Image.Image], side: int) -> Pixels:
    """(B, 3, side, side), RGB in [-1, 1], by Pillow's antialiased bicubic."""
    squares = [
        np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC), np.float32)
        for image in images
    ]
    return np.stack(squares).transpose(0, 3, 1, 2) / np.float32(127.5) - np.float32(1)


def features_of(pooled_or_map: Pixels, logits: Pixels | None, maps: Pixels | None = None) -> Features:
    """A network's outputs. Features that still have places are pooled over them, and are the map.

    Raises BadFeatureNetwork.
    """
    if pooled_or_map.ndim == 4:
        return features_of(pooled_or_map.mean((2, 3), dtype=np.float64), logits, pooled_or_map)
    if pooled_or_map.ndim != 2:
        raise BadFeatureNetwork(
            f"features of shape {list(pooled_or_map.shape)}: a picture's are a vector, or a map of them"
        )
    doubled = [None if output is None else output.astype(np.float64) for output in (logits, maps)]
    return Features(pooled_or_map.astype(np.float64), *doubled)


def file_digest(path: Path) -> str:
    """Raises BadFeatureNetwork."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadFeatureNetwork(f"{path} cannot be read: {error.strerror}") from error
