"""What both domains show and one shows more of, such as skies: a training would ask that it vanish.

Kinds of places are what training.shared_kinds has to draw the pictures evenly by. How far apart two domains
are in the shared ones, m, v and n being the mean and the variance of a kind's share over n pictures of one
domain, and s the mean of both means:

    gap = sum_k g_k,    g_k = ((m_x - m_z)_k^2 - v_xk / n_x - v_zk / n_z) / s_k

Without the variances, which are what the choice of the pictures adds, it is the penalty of shared_kinds.
Of horse2zebra the domains are .20 to .24 apart by 256 pictures of each and .14 to .19 by 100, two halves of
the horses 0 to .01.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from training.doctor.measure import Measured
from training.doctor.report import Place, Surroundings, UnevenKind
from training.shared_kinds import (
    SIDE,
    FeatureMap,
    KindMap,
    Kinds,
    KindsOfPlaces,
    PlaceFeatures,
    are_shared,
)
from translation.ahead import map_ahead
from translation.codec import InvalidImage, decode, fit_short_side, on_white

MIN_PICTURES = 100  # of either domain: of 50 and 50, chance is all there is to see
SAMPLE = 256  # of either domain are looked at
SHOWN_KINDS = 8
SHOWN_PLACES = 6
AROUND = 1  # places to each side of one that are shown with it

Looked: TypeAlias = list[tuple[Measured, FeatureMap]]
Mapped: TypeAlias = list[tuple[Measured, KindMap]]
Numbers: TypeAlias = NDArray[np.float64]


def surroundings(
    domains: Sequence[Sequence[Measured]],
    advance: Callable[[int, int], None],
    stopped: Callable[[], bool],
) -> Surroundings | None:
    """Of a sample of either domain. None of a single one, where one has too few, or once `stopped`;
    `advance` is told of (done, total)."""
    samples = [_sample(pictures) for pictures in domains]
    if len(samples) < 2 or min(map(len, samples)) < MIN_PICTURES:
        return None
    see, done, total = PlaceFeatures(torch.device("cpu")), count(1), sum(map(len, samples))
    both = [_look(see, pictures, lambda: advance(next(done), total), stopped) for pictures in samples]
    if stopped() or min(map(len, both)) < MIN_PICTURES:
        return None
    kinds = KindsOfPlaces((features for looked in both for _, features in looked), seed=0)
    x, z = ([(picture, kinds.of(features)) for picture, features in looked] for looked in both)
    return _compared(x, z, *(np.stack([kinds.shares(found) for _, found in mapped]) for mapped in (x, z)))


def _sample(pictures: Sequence[Measured]) -> list[Measured]:
    """At equal distances in their order, none of them twice."""
    different = list({picture.digest: picture for picture in pictures}.values())
    taken = min(SAMPLE, len(different))
    return [different[at * len(different) // taken] for at in range(taken)]


def _look(
    see: PlaceFeatures,
    pictures: Sequence[Measured],
    advance: Callable[[], None],
    stopped: Callable[[], bool],
) -> Looked:
    looked: Looked = []
    with ThreadPoolExecutor() as pool:
        for picture, image in zip(pictures, map_ahead(pool, _read, pictures), strict=True):
            if stopped():
                break
            if image is not None:
                looked.append((picture, see(np.asarray(image))))
            advance()
    return looked


def _read(picture: Measured) -> Image.Image | None:
    try:
        return fit_short_side(on_white(decode(picture.file.read_bytes())), SIDE)
    except (InvalidImage, OSError):  # it has gone since it was measured
        return None


def _compared(x: Mapped, z: Mapped, h_x: Kinds, h_z: Kinds) -> Surroundings:
    shared = np.flatnonzero(are_shared(h_x, h_z))
    means = np.stack([h_x.mean(0), h_z.mean(0)])
    gaps = _gaps(h_x[:, shared], h_z[:, shared])
    uneven = [int(shared[at]) for at in np.argsort(-gaps)[:SHOWN_KINDS] if gaps[at] > 0]
    return Surroundings(
        float(gaps.sum()), tuple(_uneven(kind, means[:, kind], (x, z), (h_x, h_z)) for kind in uneven)
    )


def _gaps(h_x: Kinds, h_z: Kinds) -> Numbers:
    """(kinds,)"""
    x, z = h_x.mean(0), h_z.mean(0)
    by_chance = h_x.var(0, ddof=1) / len(h_x) + h_z.var(0, ddof=1) / len(h_z)
    gaps: Numbers = (np.square(x - z) - by_chance) / ((x + z) / 2)
    return gaps


def _uneven(kind: int, means: Numbers, mapped: tuple[Mapped, Mapped], h: tuple[Kinds, Kinds]) -> UnevenKind:
    more = int(means.argmax())
    most = np.argsort(-h[more][:, kind], kind="stable")[:SHOWN_PLACES]
    shown = (mapped[more][at] for at in most if h[more][at, kind] > 0)
    x, z = means.tolist()
    domain = mapped[more][0][0].folder.domain
    return UnevenKind(domain, (x, z), tuple(_place(picture, found == kind) for picture, found in shown))


def _place(picture: Measured, of_kind: NDArray[np.bool_]) -> Place:
    """The middle one of them, with what is AROUND it; as shares, a place being one of (h, w)."""
    places = np.argwhere(of_kind)
    row, column = places[len(places) // 2].tolist()
    rows, columns = of_kind.shape
    box = (
        max(column - AROUND, 0) / columns,
        max(row - AROUND, 0) / rows,
        min(column + 1 + AROUND, columns) / columns,
        min(row + 1 + AROUND, rows) / rows,
    )
    return Place(picture.name, box)
