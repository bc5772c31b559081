"""Two folders of unpaired pictures, and the order in which training draws from them.

Everything here is a function of the files and a seed: draw n of a domain is the picture
permutation(n // length)[n % length] in the view seeded by (seed, domain, n), of a list that has each picture
once, or as often as its share of the draws says. So training resumes at any step without stored state, and
the number of workers changes no batch.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from training.augmentation import Augmentation, Pixels
from training.domains import BadDataset, DomainFolders, Files, find_domains
from translation.codec import InvalidImage, centre_square, decode, fit_short_side, on_white, to_tensor

__all__ = [
    "BadDataset",
    "Batch",
    "DomainFolders",
    "PairDraw",
    "Shares",
    "UnpairedFolders",
    "UnpairedSampler",
    "find_domains",
    "loader",
]

log = logging.getLogger(__name__)

MAX_UNREADABLE_SHARE = 0.05
Shares: TypeAlias = NDArray[np.float64]
WHOLE = slice(None)


@dataclass(frozen=True)
class PairDraw:
    """One unpaired draw: a picture of each domain, and the position that seeds their views."""

    position: int
    index_x: int
    index_z: int


@dataclass(frozen=True)
class Batch:
    """x of the first and z of the second domain, unpaired: float32 (B, 3, S, S) in [-1, 1]."""

    x: Tensor
    z: Tensor


class UnpairedSampler:
    """Shuffles two domains of the given lengths independently; the shorter one starts over sooner.

    `shares` are of the draws of each domain, (pictures,) each, with a sum of 1: in an epoch, a picture is
    drawn length x share times, the fraction by chance. Absent, once.
    """

    def __init__(
        self, lengths: tuple[int, int], seed: int, shares: tuple[Shares, Shares] | None = None
    ) -> None:
        self.lengths = lengths
        self.seed = seed
        self.shares = shares
        self._order = lru_cache(maxsize=8)(self._shuffled)

    def draw(self, position: int) -> PairDraw:
        indices = []
        for domain, length in enumerate(self.lengths):
            epoch, place = divmod(position, length)
            indices.append(int(self._order(domain, epoch)[place]))
        return PairDraw(position, *indices)

    def _shuffled(self, domain: int, epoch: int) -> NDArray[np.intp]:
        random, length = np.random.default_rng((self.seed, domain, epoch)), self.lengths[domain]
        order = random.permutation(length)
        if self.shares is None:
            return order
        drawn = np.searchsorted(self.shares[domain].cumsum(), (order + random.random()) / length, "right")
        return drawn.clip(max=length - 1)  # a sum is 1 but for its rounding

    def batches(self, start_step: int, batch_size: int) -> Iterator[list[PairDraw]]:
        """The draws of step `start_step` and of every step after it, without end."""
        for first in count(start_step * batch_size, batch_size):
            yield [self.draw(position) for position in range(first, first + batch_size)]

    def steps_per_epoch(self, batch_size: int) -> int:
        """Steps until the longer domain has been seen once."""
        return -(-max(self.lengths) // batch_size)


def _open(file: Path, short_side: int) -> Image.Image:
    return fit_short_side(on_white(decode(file.read_bytes())), short_side)


class _Pictures:
    """One domain's pictures at load size, as many of them in memory as `cache_bytes` hold.

    An unreadable picture is reported once, and the next readable one takes its place.
    """

    def __init__(self, files: Files, short_side: int, cache_bytes: int) -> None:
        self.files = files
        self.short_side = short_side
        self.unreadable: dict[Path, str] = {}
        self._cache = self._fill(cache_bytes)
        self.cached_bytes = sum(pixels.nbytes for pixels in self._cache.values())

    def __getitem__(self, index: int) -> Pixels:
        """uint8 (H, W, 3). Raises BadDataset where too many pictures are unreadable."""
        while (pixels := self._cache.get(index)) is None and (pixels := self._read(index)) is None:
            index = (index + 1) % len(self.files)
        return pixels

    def _fill(self, cache_bytes: int, at_once: int = 64) -> dict[int, Pixels]:
        cache: dict[int, Pixels] = {}
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self.files), at_once):
                if cache_bytes <= 0:
                    break
                indices = range(start, min(start + at_once, len(self.files)))
                read = zip(indices, pool.map(self._read, indices), strict=True)
                readable = {index: pixels for index, pixels in read if pixels is not None}
                cache_bytes -= sum(pixels.nbytes for pixels in readable.values())
                cache |= readable
        return cache

    def _read(self, index: int) -> Pixels | None:
        file = self.files[index]
        try:
            return np.asarray(_open(file, self.short_side))
        except (InvalidImage, OSError) as problem:
            if file not in self.unreadable:
                self.unreadable[file] = str(problem)
                log.warning("skipped %s: %s", file, problem)
            self._refuse_too_many()
            return None

    def _refuse_too_many(self) -> None:
        lost, total = len(self.unreadable), len(self.files)
        if lost > MAX_UNREADABLE_SHARE * total or total - lost < 2:
            file, problem = next(iter(self.unreadable.items()))
            raise BadDataset(
                f"{lost} of {total} pictures beside {file} cannot be read ({problem}): remove or replace them"
            )


class UnpairedFolders(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of unrelated training pictures as the network sees them. `seed` is the recipe's."""

    def __init__(
        self, folders: DomainFolders, augmentation: Augmentation, seed: int, cache_bytes: int = 4 << 30
    ) -> None:
        self.folders = folders
        self.augmentation = augmentation
        self.seed = seed
        x = _Pictures(folders.train[0], augmentation.load_size, cache_bytes)
        z = _Pictures(folders.train[1], augmentation.load_size, cache_bytes - x.cached_bytes)
        self.pictures = (x, z)

    @property
    def lengths(self) -> tuple[int, int]:
        return len(self.folders.train[0]), len(self.folders.train[1])

    def __getitem__(self, draw: PairDraw) -> tuple[Tensor, Tensor]:
        """(x, z), each float32 (3, S, S) in [-1, 1]. Raises BadDataset."""
        return self._view(0, draw.index_x, draw.position), self._view(1, draw.index_z, draw.position)

    def batch(self, draws: Sequence[PairDraw]) -> Batch:
        x, z = zip(*(self[draw] for draw in draws), strict=True)
        return Batch(torch.stack(x), torch.stack(z))

    def validation_batch(self, pictures: int) -> Batch:
        """The first `pictures` of either domain, or as many as both have: centre squares, not augmented."""
        x, z = ([*islice(self._validation(domain), pictures)] for domain in (0, 1))
        both = min(len(x), len(z))
        if both == 0:
            raise BadDataset("no validation picture can be read")
        return Batch(torch.cat(x[:both]), torch.cat(z[:both]))

    def _view(self, domain: int, index: int, position: int) -> Tensor:
        seed = int.from_bytes(sha256(f"{self.seed}/{domain}/{position}".encode()).digest()[:8], "big")
        view = self.augmentation(self.pictures[domain][index], seed)
        return to_tensor(Image.fromarray(view))[0]

    def _validation(self, domain: int) -> Iterator[Tensor]:
        size = self.augmentation.size
        for file in self.folders.validation[domain]:
            try:
                picture = _open(file, size)
            except (InvalidImage, OSError) as problem:
                log.warning("skipped %s: %s", file, problem)
                continue
            yield to_tensor(centre_square(picture, size))


def loader(
    dataset: UnpairedFolders,
    sampler: UnpairedSampler,
    batch_size: int,
    start_step: int = 0,
    workers: int = 0,
    part: slice = WHOLE,
) -> Iterator[Batch]:
    """The batches of step `start_step` and of every step after it, without end; `part` of each.

    Raises BadDataset.

    Workers are threads: decoding and resampling release the interpreter lock, and all share the pictures
    in memory.
    """
    batches = (draws[part] for draws in sampler.batches(start_step, batch_size))
    return _prefetched(dataset, batches, workers) if workers else map(dataset.batch, batches)


def _prefetched(dataset: UnpairedFolders, batches: Iterator[list[PairDraw]], workers: int) -> Iterator[Batch]:
    pool = ThreadPoolExecutor(workers)
    ahead = deque(pool.submit(dataset.batch, draws) for draws in islice(batches, 2 * workers))
    try:
        for draws in batches:
            yield ahead.popleft().result()
            ahead.append(pool.submit(dataset.batch, draws))
    finally:
        pool.shutdown(cancel_futures=True)
