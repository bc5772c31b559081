"""The short side at which a bundle translates best. It need not be the one that it was trained at.

Training sees crops, in which things are larger than in a whole picture of that size (Touvron et al. 2019,
https://arxiv.org/abs/1906.06423), and a picture that is worked on at a larger size is sharper; but far from
what the maps have seen, they change less and less of it. How far they reach differs from bundle to bundle,
so it is measured: the kernel distance that states are selected by (training.evaluation.validation), of
pictures at their own size, for several sizes. Of those that are nearly as good as the best, the least is
taken, for work grows with the square of it.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch

from training.config import ENOUGH
from training.domains import BadDataset
from training.evaluation.bench import Remembered
from training.evaluation.evaluate import evaluate
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import Pictures, usable
from training.shapes import of_any_shape
from translation.card import MAX_TRAINING_SIZE
from translation.codec import ImageTooLarge
from translation.sampler import Sampler, working_size
from translation.weights import Bundle, load_bundle, save_process_size

log = logging.getLogger(__name__)

FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0)  # of the training size
NEARLY = 1.1  # times the least distance: a hundred pictures tell it to a tenth
MOST = 100  # pictures of a domain
RULE = (
    "the least size whose kernel distance of one sample a picture, mean of the directions, is up to "
    f"{NEARLY} times the least of all sizes"
)
PROTOCOL = EvaluationProtocol(measures=("sample",))

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class SizedBy:
    """What tells sizes apart: a network, and what the pictures are that it looks at, for the card."""

    network: FeatureNetwork
    split: str


@dataclass(frozen=True)
class SizeScore:
    """`score` as in RULE, `frechet` the mean of the directions, of translations at `size`."""

    size: int
    score: float
    frechet: float


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
        scores = _scores(bundle, pictures, by.network, device, advance)
        why = None if scores else "none could be measured"
    if why is not None:
        log.warning("the process size stays the training size, %d: %s", training_size, why)
        save_process_size(folder, bundle.digest, training_size, {**told, "not_measured": why})
        return
    told["network"] = {"name": by.network.name, "sha256": by.network.digest}
    told["seed"] = PROTOCOL.seeds[0]
    told["sizes"] = {str(each.size): {"score": each.score, "frechet": each.frechet} for each in scores}
    save_process_size(folder, bundle.digest, best(scores), told)


def best(scores: Sequence[SizeScore]) -> int:
    """By RULE. Distances below 0 are so by chance, and all as good as 0."""
    least = max(0.0, min(each.score for each in scores))
    return min(each.size for each in scores if each.score <= NEARLY * least)


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


def _scores(
    bundle: Bundle,
    held_out: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    device: torch.device,
    advance: Advance,
) -> list[SizeScore]:
    """Of the sizes from the training size on whose distances are numbers and for which there is memory."""
    sizes = _sizes(bundle.card.training_size, held_out)
    sources = dict(zip(bundle.card.domains, map(len, held_out), strict=True))
    looks = 2 * sum(sources[source] for source, _ in bundle.card.directions)
    done, total = count(1), len(sizes) * looks + sum(sources.values())

    def tick(pictures: int) -> None:
        for _ in range(pictures):
            advance(min(next(done), total), total)

    references, scores = Remembered(network, tick=tick), []
    for size in sizes:
        sampler = Sampler(bundle.model, bundle.card.training_size, device, process_size=size)
        try:
            with of_any_shape():
                found = evaluate(
                    sampler, held_out, network, PROTOCOL, reference_features=references, tick=tick
                )
        except (torch.OutOfMemoryError, BadDataset) as problem:
            log.warning("no size from %d on is tried: %s", size, problem)
            break
        lines = [at.lines["sample"] for at in found.directions]
        kernel, frechet = (fmean(line[name].mean for line in lines) for name in ("kernel", "frechet"))
        if math.isfinite(kernel):
            scores.append(SizeScore(size, kernel, frechet))
    return scores


def _told(bundle: Bundle, held_out: tuple[Pictures, Pictures]) -> Mapping[str, Any]:
    return {
        domain: {"pictures": len(pictures), "sha256": pictures.digest}
        for domain, pictures in zip(bundle.card.domains, held_out, strict=True)
    }
