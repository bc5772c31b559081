"""The short side at which a bundle translates best. It need not be the one that it was trained at.

Training sees crops, in which things are larger than in a whole picture of that size (Touvron et al. 2019,
https://arxiv.org/abs/1906.06423), and a picture that is worked on at a larger size is sharper; but far from
what the maps have seen, they change less and less of it. How far they reach differs from bundle to bundle,
so it is measured: the kernel distance of one sample a picture from the other domain's pictures, all at their
own size, for several sizes. The least size is taken that is not worse than the best by more than the standard
error of their difference (Breiman et al. 1984, section 3.4.3), for work grows with the square of it. That
error is the deviation over random halves of the pictures, the same ones for both sizes: a mean of n / 2 of n,
drawn without replacement, varies about the mean of all as that does about the mean of what all came from.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.config import ENOUGH
from training.domains import BadDataset
from training.evaluation.distances import squared_mmd
from training.evaluation.features import Array, FeatureNetwork, Tick
from training.evaluation.pictures import Pictures, usable
from training.evaluation.translations import sample_codes, translate
from training.shapes import of_any_shape
from translation.card import MAX_TRAINING_SIZE
from translation.codec import ImageTooLarge
from translation.sampler import Sampler, working_size
from translation.weights import Bundle, load_bundle, save_process_size

log = logging.getLogger(__name__)

FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0)  # of the training size
MOST = 100  # pictures of a domain
HALVES = 200
SEED = 0
RULE = (
    "the least size whose kernel distance x100 of one sample a picture, mean of the directions, exceeds the "
    "least of all sizes by no more than the standard error of their difference"
)

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class SizedBy:
    """What tells sizes apart: a network, and what the pictures are that it looks at, for the card."""

    network: FeatureNetwork
    split: str


@dataclass(frozen=True)
class SizeScore:
    """The kernel distance x100 at a size, by how much it exceeds the least, and the error of that."""

    size: int
    distance: float
    excess: float
    error: float


def choose_process_size(
    folder: Path, held_out: tuple[Pictures, Pictures], by: SizedBy, device: torch.device, advance: Advance
) -> None:
    """Have the bundle there work at the best size, and its card tell how that was found.

    `held_out`, of (first, second) domain, were not trained on, and have their own size; the first MOST of
    each count. Where nothing can be measured, that is the training size, and the card tells why. `advance`
    is told of (done, total) looks. Raises InvalidBundle, DigestMismatch.
    """
    bundle = load_bundle(folder, device)
    training_size = bundle.card.training_size
    first, second = (usable(pictures.first(MOST), training_size) for pictures in held_out)
    pictures = first, second
    told: dict[str, Any] = {"rule": RULE, "split": by.split, "pictures": _told(bundle, pictures)}
    why, scores = _why_not(bundle, pictures), []
    if why is None:
        looks, references = _looks(bundle, pictures, by.network, device, advance)
        scores = compared(looks, references) if looks else []
        why = None if scores else "none could be measured"
    if why is not None:
        log.warning("the process size stays the training size, %d: %s", training_size, why)
        save_process_size(folder, bundle.digest, training_size, {**told, "not_measured": why})
        return
    told["network"] = {"name": by.network.name, "sha256": by.network.digest}
    told["seed"] = SEED
    told["sizes"] = [asdict(each) for each in scores]
    save_process_size(folder, bundle.digest, best(scores), told)


def best(scores: Sequence[SizeScore]) -> int:
    """By RULE."""
    return min(each.size for each in scores if each.excess <= each.error)


def compared(looks: Mapping[int, Sequence[Array]], references: Sequence[Array]) -> list[SizeScore]:
    """`looks` by size and `references`, of each direction: features (n, D) and (m, D). Sizes at which a
    distance is no number are left out."""
    random = np.random.default_rng(SEED)
    halves = [[_half(random, len(each)) for each in (*looks[min(looks)], *references)] for _ in range(HALVES)]

    def distance(size: int, rows: Sequence[NDArray[np.intp]] | None = None) -> float:
        sets = [*looks[size], *references]
        if rows is not None:
            sets = [each[chosen] for each, chosen in zip(sets, rows, strict=True)]
        pairs = zip(sets[: len(references)], sets[len(references) :], strict=True)
        return 100 * fmean(squared_mmd(sample, reference) for sample, reference in pairs)

    whole = {size: found for size in looks if math.isfinite(found := distance(size))}
    by_half = {size: np.array([distance(size, rows) for rows in halves]) for size in whole}
    if not whole:
        return []
    nearest = min(whole, key=whole.__getitem__)
    return [
        SizeScore(size, found, found - whole[nearest], float(np.std(by_half[size] - by_half[nearest])))
        for size, found in whole.items()
    ]


def _half(random: np.random.Generator, length: int) -> NDArray[np.intp]:
    return random.permutation(length)[: length // 2]


def _why_not(bundle: Bundle, held_out: tuple[Pictures, Pictures]) -> str | None:
    fewest = min(map(len, held_out))
    if fewest < ENOUGH:
        return f"{fewest} pictures of a domain were held out, and it takes {ENOUGH}"
    if len(_sizes(bundle.card.training_size, held_out)) == 1:
        return "the pictures held out are no larger than that, or too long for more"
    return None


def _sizes(training_size: int, held_out: tuple[Pictures, Pictures]) -> list[int]:
    """None above the training size that would enlarge most of the pictures, or is too large for one."""
    own = [pictures.size_of(index) for pictures in held_out for index in range(len(pictures))]
    most = max(training_size, min(median(map(min, own)), MAX_TRAINING_SIZE))
    sizes = [size for factor in FACTORS if (size := round(factor * training_size)) <= most]
    return [size for size in sizes if all(_fits(each, size) for each in own)]


def _fits(picture: tuple[int, int], short_side: int) -> bool:
    try:
        working_size(picture, short_side)
    except ImageTooLarge:
        return False
    return True


def _looks(
    bundle: Bundle,
    held_out: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    device: torch.device,
    advance: Advance,
) -> tuple[dict[int, list[Array]], list[Array]]:
    """What `compared` takes: of the sizes from the training size on for which there is memory."""
    sizes, directions = _sizes(bundle.card.training_size, held_out), bundle.card.directions
    sources = dict(zip(bundle.card.domains, held_out, strict=True))
    total = sum((2 * len(sizes) * len(sources[source]) + len(sources[to])) for source, to in directions)
    done = count(1)

    def tick(pictures: int) -> None:
        for _ in range(pictures):
            advance(next(done), total)

    looks: dict[int, list[Array]] = {}
    references: list[Array] = []
    try:
        references = [network(sources[to], tick).pooled for _, to in directions]
        for size in sizes:
            sampler = Sampler(bundle.model, bundle.card.training_size, device, process_size=size)
            looks[size] = [_look(sampler, network, sources[source], to, tick) for source, to in directions]
    except (torch.OutOfMemoryError, BadDataset) as problem:
        log.warning("of the sizes %s only %s were tried: %s", sizes, [*looks], problem)
    return looks, references


def _look(sampler: Sampler, network: FeatureNetwork, pictures: Pictures, to: str, tick: Tick) -> Array:
    codes = sample_codes(pictures.names, SEED, sampler.model.code_size)
    with of_any_shape():
        return network(translate(sampler, pictures, to, codes, tick), tick).pooled


def _told(bundle: Bundle, held_out: tuple[Pictures, Pictures]) -> Mapping[str, Any]:
    return {
        domain: {"pictures": len(pictures), "sha256": pictures.digest}
        for domain, pictures in zip(bundle.card.domains, held_out, strict=True)
    }
