"""Which pictures are the same: by their bytes, and by what they show.

Exact: the same bytes (sha256), as the split of the training pictures counts them. Near: a perceptual hash,

    bit_uv = [c_uv > 0],    c the 2-D DCT-II of the luminance at 32 x 32 pixels, u, v < 16, (u, v) != (0, 0)

differs in at most 24 of its 255 bits. Signs of low frequencies survive what is done to a picture on its way
through the web (re-saving, resizing, brightness, contrast, loss of colour) and change when it is cropped.
They make a mirror image cheap: it negates the odd horizontal frequencies, which is an exclusive or.

After C. Zauner, *Implementation and Benchmarking of Perceptual Image Hash Functions* (2010), section 3.2.1,
https://www.phash.org/docs/pubs/thesis_zauner.pdf, with the sign for the median. Of 150 horses and zebras all
stay within 17 bits as JPEG of quality 30, at a quarter to three times the size, grey, mirrored, with 1.3
times the contrast; all but one within 24 with 1.3 times the brightness. Different ones are 58 bits apart at
least, in 7 million pairs, half of them mirrored; drawings of one ellipse each 28, in half a million.
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations_with_replacement
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from translation.ahead import map_ahead

Hash: TypeAlias = NDArray[np.uint64]  # (4,): the 8 x 8 lowest frequencies are the first word
Groups: TypeAlias = list[list[int]]  # of indices
Indices: TypeAlias = NDArray[np.int64]

GRID = 32
FREQUENCIES = 16
MAX_BITS = 24
MAX_FIRST_BITS = 10  # of the first word, 63 bits; what passes is compared in all
BLOCK = 256  # rows and columns at once: 8 MB where all are near

_u, _v = np.indices((FREQUENCIES, FREQUENCIES)).reshape(2, -1)
ORDER = np.lexsort((_v, _u, np.maximum(_u, _v)))  # squares of 1, 4, 9, ... frequencies, the constant first
COSINES = np.cos(np.pi * np.outer(np.arange(FREQUENCIES), np.arange(GRID) + 0.5) / GRID).astype(np.float32)


def _pack(bits: NDArray[np.bool_]) -> Hash:
    return np.packbits(bits[ORDER]).view(np.uint64)


MIRROR = _pack(_v % 2 == 1)


def perceptual_hash(luminance: NDArray[np.float32]) -> Hash:
    """Of (32, 32)."""
    bits = (COSINES @ luminance @ COSINES.T).ravel() > 0
    bits[0] = False  # the mean is no feature
    return _pack(bits)


def exact_groups(digests: Sequence[str]) -> Groups:
    """Those of two and more, in the order of their first."""
    found = defaultdict(list)
    for index, digest in enumerate(digests):
        found[digest].append(index)
    return [group for group in found.values() if len(group) > 1]


def near_groups(hashes: NDArray[np.uint64]) -> Groups:
    """Of (n, 4): what is linked by a chain of near pairs. 50,000 pictures take some ten seconds, also where
    all are near, in memory for a few blocks of pairs."""
    linked = _Linked(len(hashes))
    blocks = combinations_with_replacement(range(0, len(hashes), BLOCK), 2)
    with ThreadPoolExecutor() as pool:  # numpy lets go of the interpreter lock
        for pairs in map_ahead(pool, partial(_near_pairs, (hashes, hashes ^ MIRROR), linked), blocks):
            linked.join(*pairs)
    order = np.argsort(linked.labels, kind="stable")
    begins = np.flatnonzero(np.diff(linked.labels[order])) + 1
    return [group.tolist() for group in np.split(order, begins) if len(group) > 1]


class _Linked:
    """What is linked so far: each index has the label of its group, the least index in it."""

    def __init__(self, count: int) -> None:
        self.labels = np.arange(count)

    def join(self, rows: Indices, columns: Indices) -> None:
        """The groups of each row and its column. In each pass at least half of those to join are joined."""
        while (differing := self.labels[rows] != self.labels[columns]).any():
            rows, columns = rows[differing], columns[differing]
            ends = np.sort([self.labels[rows], self.labels[columns]], axis=0)
            least = np.arange(len(self.labels))
            np.minimum.at(least, ends[1], ends[0])
            while (further := least[least] != least).any():
                least[further] = least[least[further]]
            self.labels = least[self.labels]


def _near_pairs(
    either_way: tuple[NDArray[np.uint64], NDArray[np.uint64]], linked: _Linked, starts: tuple[int, int]
) -> tuple[Indices, Indices]:
    """(rows, columns) of a block, row < column, mirror images among them; none that are linked already."""
    hashes, labels = either_way[0], linked.labels
    rows, columns = np.concatenate([_near(hashes, other, labels, *starts) for other in either_way], axis=1)
    return rows, columns


def _near(
    hashes: NDArray[np.uint64], others: NDArray[np.uint64], labels: Indices, top: int, left: int
) -> Indices:
    first = np.bitwise_count(hashes[top : top + BLOCK, None, 0] ^ others[None, left : left + BLOCK, 0])
    rows, columns = np.argwhere(first <= MAX_FIRST_BITS).T + [[top], [left]]
    apart = (rows < columns) & (labels[rows] != labels[columns])
    rows, columns = rows[apart], columns[apart]
    near = np.bitwise_count(hashes[rows] ^ others[columns]).sum(axis=1, dtype=np.int64) <= MAX_BITS
    return np.stack([rows[near], columns[near]])
