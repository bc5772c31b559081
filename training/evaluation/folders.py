"""Where the pictures of an evaluation lie: two folders, or a root by the field's convention."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.ancestry import trained_on
from training.domains import BadDataset
from training.evaluation.pictures import Pictures, read_pictures
from translation.card import Card

log = logging.getLogger(__name__)

TEST = ("testA", "testB")


@dataclass(frozen=True)
class EvaluationFolders:
    """Pictures of (first, second) domain; `shared` counts test pictures that are training pictures too."""

    test: tuple[Pictures, Pictures]
    train: tuple[Pictures, Pictures] | None
    shared: tuple[int, int]

    def as_json(self) -> dict[str, Any]:
        """What they hold, and no path: it would be of one machine."""
        sets = {"test": self.test} | ({"train": self.train} if self.train else {})
        said = {
            name: [{"pictures": len(pictures), "sha256": pictures.digest} for pictures in both]
            for name, both in sets.items()
        }
        known = self.train is not None or any(self.shared)
        return {**said, "test_pictures_in_train": list(self.shared) if known else None}


def find_test_folders(
    first: Path,
    second: Path | None,
    train: tuple[Path, Path] | None,
    card: Card,
    size: int | None,
) -> EvaluationFolders:
    """A root with testA and testB, or two folders; training pictures are those given, or beside them.

    `card` is of the bundle that is evaluated. Raises BadDataset.
    """
    domains = card.domains
    test = (first, second) if second else (first / TEST[0], first / TEST[1])
    if not second and not all(map(Path.is_dir, test)):
        raise BadDataset(f"{first} holds no {TEST[0]} and {TEST[1]}: give two folders, or a root with both")
    if (test[0].resolve().name, test[1].resolve().name) == domains[::-1]:
        raise BadDataset(f"the bundle's domains are {' and '.join(domains)}, in this order: swap the folders")
    pictures = (read_pictures(test[0], size, whole=True), read_pictures(test[1], size, whole=True))
    beside = train or _beside(test)
    training = (read_pictures(beside[0], size), read_pictures(beside[1], size)) if beside else None
    shared = _learned(pictures, card) if training is None else _shared(pictures, training)
    if any(shared):
        log.warning(
            "%d of %d test pictures are training pictures as well: the figures flatter the model",
            *(sum(shared), sum(map(len, pictures))),
        )
    return EvaluationFolders(pictures, training, shared)


def _beside(test: tuple[Path, Path]) -> tuple[Path, Path] | None:
    """Of testA, trainA; of horse_test, horse_train; None where they are not both there."""
    train = [folder.resolve().with_name(folder.resolve().name.replace("test", "train")) for folder in test]
    is_another = [
        there.is_dir() and there != folder.resolve() for there, folder in zip(train, test, strict=True)
    ]
    return (train[0], train[1]) if all(is_another) else None


def _shared(test: tuple[Pictures, Pictures], train: tuple[Pictures, Pictures]) -> tuple[int, int]:
    known = {digest for pictures in train for digest in pictures.digests}
    first, second = (sum(digest in known for digest in pictures.digests) for pictures in test)
    return first, second


def _learned(test: tuple[Pictures, Pictures], card: Card) -> tuple[int, int]:
    """How many the bundle was trained on, where a folder is the one that its training saw, held-out pictures
    included: a card knows whole folders, and no picture."""
    first, second = (
        len(trained_on(card, domain, pictures.digests))
        for domain, pictures in zip(card.domains, test, strict=True)
    )
    return first, second
