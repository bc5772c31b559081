"""Where the pictures of an evaluation lie: two folders, or a root by the field's convention."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.domains import BadDataset, fingerprint_of, split
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
    pictures = (read_pictures(test[0], size), read_pictures(test[1], size))
    beside = train or _beside(test)
    training = (read_pictures(beside[0], size), read_pictures(beside[1], size)) if beside else None
    shared = _learned(test, pictures, card) if training is None else _shared(pictures, training)
    if any(shared):
        log.warning(
            "%d of %d test pictures are training pictures as well: the figures flatter the model",
            *(sum(shared), sum(map(len, pictures))),
        )
    return EvaluationFolders(pictures, training, shared)


def _beside(test: tuple[Path, Path]) -> tuple[Path, Path] | None:
    """Of testA, trainA; of horse_test, horse_train; None where they are not both there."""
    named = tuple(
        folder.resolve().with_name(folder.resolve().name.replace("test", "train")) for folder in test
    )
    if all(found.is_dir() and found != folder.resolve() for found, folder in zip(named, test, strict=True)):
        return named[0], named[1]
    return None


def _shared(test: tuple[Pictures, Pictures], train: tuple[Pictures, Pictures]) -> tuple[int, int]:
    known = {digest for pictures in train for digest in pictures.digests}
    first, second = (sum(digest in known for digest in pictures.digests) for pictures in test)
    return first, second


def _learned(roots: tuple[Path, Path], test: tuple[Pictures, Pictures], card: Card) -> tuple[int, int]:
    known = (
        learned_from(root, pictures, card, domain)
        for domain, root, pictures in zip(card.domains, roots, test, strict=True)
    )
    first, second = map(len, known)
    return first, second


def learned_from(root: Path, pictures: Pictures, card: Card, domain: str) -> frozenset[str]:
    """The names of those below the root that the bundle was trained on, where the root is the folder that its
    training saw, held-out pictures included: a card knows whole folders, and no picture.

    Raises BadDataset.
    """
    share = card.recipe.get("data", {}).get("validation_share")
    if share is None:
        return frozenset()
    digests = dict(zip(map(Path, pictures.names), pictures.digests, strict=True))
    train, _ = split(root, digests, share)
    is_known = fingerprint_of(digests[file] for file in train) == card.data.get(domain, {}).get("train")
    return frozenset(file.as_posix() for file in train) if is_known else frozenset()
