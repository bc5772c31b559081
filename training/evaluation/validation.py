"""The evaluator during a training: the same figures, of the pictures that were cut from the training split.

Checkpoints are chosen by these alone, never by test pictures. The rule is the least kernel distance of one
sample of each picture to the other domain's validation pictures, the mean of both directions: unlike a
Frechet distance it has no bias that grows as pictures get fewer, and a hundred are few. Without a network
there is nothing to choose by: what is lost there and back, and the terms of the bound, are to be looked at.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch

from training.domains import BadDataset, DomainFolders
from training.evaluation.bench import Judge, Remembered
from training.evaluation.evaluate import evaluate
from training.evaluation.features import Blind, FeatureNetwork
from training.evaluation.figures import Evaluation, EvaluationProtocol
from training.evaluation.pictures import MIN_PICTURES, Pictures, pictures_of, usable
from training.shapes import of_any_shape
from translation.model import TranslationModel
from translation.sampler import Sampler

RULE = (
    "least kernel distance of one sample a picture to validation pictures, mean of both directions; "
    "as the least of several it is lower than on new pictures"
)
PREFIX = "validation/"
SCORE = f"{PREFIX}score"
FEW = 8  # pictures of each domain for what needs no network: a fortieth of the time of `quick`


class Validator:
    """Measures a model on the validation split, at the training size. No random state is touched."""

    def __init__(
        self, folders: DomainFolders, network: FeatureNetwork | None, size: int, device: torch.device
    ) -> None:
        """Raises BadDataset where there is a network, and too few pictures for it."""
        self.network = network
        self.device = device
        self.size = size
        self.is_unseen = all(seen.lineage_is_known for seen in folders.seen)
        most = None if network else FEW
        self.pictures = (_usable(folders, 0, size, most), _usable(folders, 1, size, most))
        if network:
            self._check_enough(folders)
            self._references = Remembered(network)

    def __call__(self, model: TranslationModel, judge: Judge | None) -> dict[str, float]:
        """The figures that are numbers, and, by a network, SCORE, the less the better."""
        sampler = Sampler(model, self.size, self.device)
        with of_any_shape():
            found = self._without_network(sampler, judge) | self._by_network(sampler)
        return {name: value for name, value in found.items() if math.isfinite(value)}

    def _without_network(self, sampler: Sampler, judge: Judge | None) -> dict[str, float]:
        first, second = (pictures.first(FEW) for pictures in self.pictures)
        if not (len(first) and len(second)):  # none of them can be read
            return {}
        protocol = EvaluationProtocol(size=self.size, noises=(), measures=("cycle", "bound"))
        return _named(evaluate(sampler, (first, second), Blind(), protocol, judge=judge))

    def _by_network(self, sampler: Sampler) -> dict[str, float]:
        if self.network is None:
            return {}
        evaluation = evaluate(
            sampler, self.pictures, self.network, self._protocol, reference_features=self._references
        )
        score = sum(at.lines["sample"]["kernel"].mean for at in evaluation.directions) / 2
        return {SCORE: score} | _named(evaluation)

    @property
    def _protocol(self) -> EvaluationProtocol:
        return EvaluationProtocol(size=self.size, samples=4, inputs=8, measures=("sample", "diversity"))

    def _check_enough(self, folders: DomainFolders) -> None:
        for root, pictures in zip(folders.roots, self.pictures, strict=True):
            if len(pictures) < MIN_PICTURES:
                raise BadDataset(
                    f"{root} leaves {len(pictures)} pictures for the validation, and an evaluation "
                    f"needs {MIN_PICTURES}: raise data.validation_share, or leave evaluation.features out"
                )

    @property
    def split(self) -> str:
        """What the pictures are, for the card."""
        told = "" if self.is_unseen else "; what the weights began with may have learned from some"
        return f"validation, cut from the training pictures; no test picture was looked at{told}"

    def as_json(self) -> Mapping[str, Any]:
        """What a network's figures are of, for the card."""
        assert self.network
        return {
            "split": self.split,
            "pictures": [len(pictures) for pictures in self.pictures],
            "size": self.size,
            "seeds": list(self._protocol.seeds),
            "network": {"name": self.network.name, "sha256": self.network.digest},
        }


def _named(found: Evaluation) -> dict[str, float]:
    return {f"{PREFIX}{name}": value for name, value in found.scalars().items()}


def _usable(folders: DomainFolders, domain: int, size: int, most: int | None) -> Pictures:
    files = folders.validation[domain][:most]
    return usable(pictures_of({file: folders.digests[file] for file in files}, size=size), size)
