"""The short side at which a bundle translates best. It need not be the one that it was trained at.

Training sees crops, in which things are larger than in a whole picture of that size (Touvron et al. 2019,
https://arxiv.org/abs/1906.06423), and a picture that is worked on at a larger size is sharper; but far from
what the maps have seen, they change less and less of it. How far they reach differs from bundle to bundle,
so it is measured: the kernel distance that states are selected by (training.evaluation.validation), of
pictures at their own size, for several sizes. Of those that are nearly as good as the best, the least is
taken, for work grows with the square of it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import fmean, median

import torch

from training.evaluation.bench import Remembered
from training.evaluation.evaluate import evaluate
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import MIN_PICTURES, Pictures, usable
from training.shapes import of_any_shape
from translation.card import MAX_TRAINING_SIZE
from translation.sampler import Sampler
from translation.weights import Bundle, load_bundle, save_process_size

log = logging.getLogger(__name__)

FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0)  # of the training size
NEARLY = 1.05  # times the least distance
MOST = 100  # pictures of a domain
RULE = (
    "the least size whose kernel distance of one sample a picture, mean of the directions, is up to "
    f"{NEARLY} times the least of all sizes"
)


@dataclass(frozen=True)
class SizeScore:
    """`score` as in RULE, `frechet` the mean of the directions, of translations at `size`."""

    size: int
    score: float
    frechet: float


def choose_process_size(
    folder: Path,
    held_out: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    device: torch.device,
    advance: Callable[[int, int], None],
) -> Bundle:
    """Have the bundle there work at the best size, and load it.

    `held_out`, of (first, second) domain, were not trained on, and have their own size; the first MOST of
    each count. Where they are no larger than the training size, or too few, nothing is measured. `advance`
    is told of (done, total) looks.

    Raises InvalidBundle, DigestMismatch, and BadDataset where a picture cannot be read any more.
    """
    bundle = load_bundle(folder, device)
    training_size = bundle.card.training_size
    largest = round(FACTORS[-1] * training_size)
    first, second = (usable(pictures.first(MOST), largest) for pictures in held_out)
    if min(len(first), len(second)) < MIN_PICTURES:
        log.warning("the process size stays the training size: too few pictures were held out")
        return bundle
    sizes = _sizes(training_size, (first, second))
    if len(sizes) > 1:
        scores = _scores(bundle, (first, second), network, device, sizes, advance)
        told = {
            "rule": RULE,
            "split": "held out from the training",
            "pictures": [len(first), len(second)],
            "network": {"name": network.name, "sha256": network.digest},
            "sizes": {str(each.size): {"score": each.score, "frechet": each.frechet} for each in scores},
        }
        save_process_size(folder, bundle.digest, best(scores), told)
    return load_bundle(folder)


def best(scores: Sequence[SizeScore]) -> int:
    """By RULE; distances that chance has made less than 0 are all as good as the least."""
    least = min(each.score for each in scores)
    return min(each.size for each in scores if each.score <= max(NEARLY * least, least))


def _sizes(training_size: int, held_out: tuple[Pictures, Pictures]) -> list[int]:
    """None above the training size that would enlarge most of the pictures."""
    own = (min(pictures.size_of(index)) for pictures in held_out for index in range(len(pictures)))
    most = max(training_size, min(median(own), MAX_TRAINING_SIZE))
    return [size for factor in FACTORS if (size := round(factor * training_size)) <= most]


def _scores(
    bundle: Bundle,
    held_out: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    device: torch.device,
    sizes: Sequence[int],
    advance: Callable[[int, int], None],
) -> list[SizeScore]:
    done, total = count(1), (2 * len(sizes) + 1) * sum(map(len, held_out))

    def tick(pictures: int) -> None:
        for _ in range(pictures):
            advance(next(done), total)

    references = Remembered(network, tick=tick)
    protocol = EvaluationProtocol(measures=("sample",))
    scores = []
    for size in sizes:
        sampler = Sampler(bundle.model, bundle.card.training_size, device, process_size=size)
        with of_any_shape():
            found = evaluate(sampler, held_out, network, protocol, reference_features=references, tick=tick)
        lines = [at.lines["sample"] for at in found.directions]
        kernel, frechet = (fmean(line[name].mean for line in lines) for name in ("kernel", "frechet"))
        scores.append(SizeScore(size, kernel, frechet))
    return scores
