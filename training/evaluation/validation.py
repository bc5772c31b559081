"""The evaluator during a training: the same figures, of the pictures that were cut from the training split.

Checkpoints are chosen by these alone, never by test pictures. The rule is the least kernel distance of one
sample of each picture to the other domain's validation pictures, the mean of both directions: unlike a
Frechet distance it has no bias that grows as pictures get fewer, and a hundred are few.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

import torch

from training.domains import BadDataset, DomainFolders
from training.evaluation.bench import Remembered
from training.evaluation.evaluate import evaluate
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import Protocol
from training.evaluation.pictures import MIN_PICTURES, Pictures, pictures_of
from translation.model import TranslationModel
from translation.sampler import Sampler

log = logging.getLogger(__name__)

RULE = "least kernel distance of one sample a picture to validation pictures, mean of both directions"
PREFIX = "validation/"
SCORE = f"{PREFIX}score"


class Validator:
    """Measures a model on the validation split, at the training size. No random state is touched."""

    def __init__(
        self, folders: DomainFolders, network: FeatureNetwork, size: int, device: torch.device
    ) -> None:
        self.network = network
        self.device = device
        self.protocol = Protocol(size=size, samples=4, inputs=8, measures=("sample", "diversity"))
        self.pictures = (_readable(folders, 0, size), _readable(folders, 1, size))
        self._references = Remembered(network)

    def __call__(self, model: TranslationModel) -> dict[str, float]:
        """The figures that are numbers, and SCORE, the less the better."""
        size = self.protocol.size
        assert size is not None  # as made above
        sampler = Sampler(model, size, self.device)
        found = evaluate(
            sampler, self.pictures, self.network, self.protocol, reference_features=self._references
        )
        score = sum(at.lines["sample"]["kernel"].mean for at in found.directions) / 2
        numbers = {name: value for name, value in found.scalars().items() if math.isfinite(value)}
        return {SCORE: score} | {f"{PREFIX}{name}": value for name, value in numbers.items()}

    def as_json(self) -> Mapping[str, Any]:
        """What the figures are of, for the card."""
        return {
            "split": "validation, cut from the training pictures; no test picture was looked at",
            "pictures": [len(pictures) for pictures in self.pictures],
            "size": self.protocol.size,
            "seeds": list(self.protocol.seeds),
            "network": {"name": self.network.name, "sha256": self.network.digest},
        }


def _readable(folders: DomainFolders, domain: int, size: int) -> Pictures:
    """The domain's validation pictures without damaged ones, which training passes over as well.

    Raises BadDataset where too few are left.
    """
    files = folders.validation[domain]
    pictures = pictures_of({file: folders.digests[file] for file in files}, size=size)
    kept = []
    for row, file in enumerate(files):
        try:
            pictures[row].load()
            kept.append(row)
        except BadDataset as problem:
            log.warning("not evaluated on %s: %s", file, problem)
    if len(kept) < MIN_PICTURES:
        raise BadDataset(
            f"{folders.roots[domain]} leaves {len(kept)} pictures for the validation, and an evaluation "
            f"needs {MIN_PICTURES}: raise data.validation_share, or leave evaluation.features out"
        )
    return pictures.chosen(kept)
