"""Which files belong to which domain and split: decided by what they hold, not by name, order or platform."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from translation.codec import FORMATS
from translation.names import NAME, OF
from translation.seen_pictures import SeenPictures

log = logging.getLogger(__name__)

Files: TypeAlias = tuple[Path, ...]
Splits: TypeAlias = dict[str, dict[str, int | str]]  # {"train" or "validation": {"pictures", "sha256"}}
Before: TypeAlias = Callable[[int, Path, Mapping[Path, str]], SeenPictures]  # place, folder, sha256s

SUFFIXES = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
MAX_VALIDATION_PICTURES = 256  # a distance between feature distributions wants a hundred or more


class BadDataset(ValueError):
    """The folders cannot be trained on; the message names the folder and says what to do."""


@dataclass(frozen=True)
class DomainFolders:
    """Where the pictures lie, (first domain, second domain), and what they held when they were found.

    `digests` has the sha256 of every file: the split needs them, and no file is read for them again.
    `seen` is what the weights that a training begins with were trained on.
    """

    roots: tuple[Path, Path]
    train: tuple[Files, Files]
    validation: tuple[Files, Files]
    domains: tuple[str, str]
    digests: Mapping[Path, str]
    seen: tuple[SeenPictures, SeenPictures] = (SeenPictures(), SeenPictures())

    def fingerprint(self) -> dict[str, Splits]:
        """By domain: what the files held, wherever they lie and whatever they are called."""
        splits = {"train": self.train, "validation": self.validation}
        return {
            domain: {
                split: fingerprint_of(self.digests[file] for file in files[index])
                for split, files in splits.items()
            }
            for index, domain in enumerate(self.domains)
        }


def of_fresh_networks(domain: int, root: Path, digests: Mapping[Path, str]) -> SeenPictures:
    return SeenPictures()


def find_domains(
    first: Path,
    second: Path | None,
    domains: tuple[str, str] | None,
    validation_share: float,
    before: Before = of_fresh_networks,
) -> DomainFolders:
    """Two folders, or one root with trainA and trainB; testA and testB stay unseen for the evaluation.

    The validation split is cut from the training pictures: from those that the weights were not trained on,
    as `before` tells. Raises BadDataset.
    """
    folders = two_folders(first, second)
    if second is None and domains is None:
        raise BadDataset(f"{first} does not say what its pictures show: add --domains, such as horse,zebra")
    names = domains or (folders[0].resolve().name, folders[1].resolve().name)
    if names[0] == names[1] or not all(re.fullmatch(NAME, name) for name in names):
        raise BadDataset(
            f"{names[0]!r} and {names[1]!r} cannot name the domains: give two different names with "
            f"--domains, such as horse,zebra ({OF})"
        )
    digests_x, digests_z = (digests_of(folder) for folder in folders)
    seen = (before(0, folders[0], digests_x), before(1, folders[1], digests_z))
    train_x, validation_x = split(folders[0], digests_x, validation_share, seen[0])
    train_z, validation_z = split(folders[1], digests_z, validation_share, seen[1])
    return DomainFolders(
        folders, (train_x, train_z), (validation_x, validation_z), names, digests_x | digests_z, seen
    )


def fingerprint_of(digests: Iterable[str]) -> dict[str, int | str]:
    """Of what files held, in any order."""
    lines = sorted(digests)
    return {"pictures": len(lines), "sha256": sha256("\n".join(lines).encode()).hexdigest()}


def two_folders(first: Path, second: Path | None) -> tuple[Path, Path]:
    """As given, or trainA and trainB of a root. Raises BadDataset."""
    folders = (first, second) if second else (first / "trainA", first / "trainB")
    for folder in (first, *folders):
        if not folder.is_dir():
            beside = "" if second else ", or one with trainA and trainB in it"
            raise BadDataset(f"{folder} is not a folder: give two folders of pictures{beside}")
    if folders[0].samefile(folders[1]):
        raise BadDataset(f"{first} was given for both domains: give two different folders")
    return folders


def split(
    folder: Path, digests: Mapping[Path, str], validation_share: float, seen: SeenPictures
) -> tuple[Files, Files]:
    """(train, validation). Validation is in the order of the hashes: any first few of it are a mixed lot.

    It has no picture that was `seen` before; where none is left, one that was. Raises BadDataset.
    """
    distinct = {digests[file]: file for file in reversed([*digests])}  # of equal files, the first
    if len(distinct) < 2:
        raise BadDataset(
            f"{folder} holds {len(distinct)} different pictures ({', '.join(sorted(SUFFIXES))}): need 2"
        )
    wanted = min(max(round(validation_share * len(distinct)), 1), MAX_VALIDATION_PICTURES, len(distinct) - 1)
    unseen = list(filter(seen.surely_unseen, sorted(distinct)))[:wanted]
    if len(unseen) < wanted:
        log.warning(
            "%s: %d pictures that the weights to start from have not learned from are held out, not %d as "
            "data.validation_share has it",
            *(folder, len(unseen), wanted),
        )
    held_out = {digest: distinct[digest] for digest in unseen or sorted(distinct)[:1]}
    train = (file for file, digest in digests.items() if digest not in held_out)
    return tuple(train), tuple(held_out.values())


def pictures_of(folder: Path) -> Files:
    """By their suffixes, sorted; hidden files and folders are left out."""
    names = (file.relative_to(folder) for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    visible = (name for name in names if not any(part.startswith(".") for part in name.parts))
    return tuple(folder / name for name in sorted(visible, key=Path.as_posix) if (folder / name).is_file())


def digests_of(folder: Path, whole: bool = False) -> dict[Path, str]:
    """The sha256 of every picture below a folder, in the order of the files.

    A file that cannot be read is passed over; where the folder has to be whole, it raises BadDataset.
    """
    files, digests = pictures_of(folder), dict[Path, str]()
    with ThreadPoolExecutor() as pool:
        for file, digest in zip(files, pool.map(_digest, files), strict=True):
            if isinstance(digest, str):
                digests[file] = digest
            elif whole:
                raise BadDataset(f"{file} cannot be read ({digest}): remove or replace it")
            else:
                log.warning("passed over: %s cannot be read (%s)", file, digest)
    return digests


def _digest(file: Path) -> str | OSError:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError as problem:
        return problem
