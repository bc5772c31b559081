"""The folders of a dataset: both domains to train on and, beside trainA and trainB, what is kept to test."""

from dataclasses import dataclass
from pathlib import Path

from training.domains import SUFFIXES, BadDataset, Files, pictures_of, two_folders
from translation.tree import FOREIGN_SUFFIXES

MEANT = SUFFIXES | FOREIGN_SUFFIXES
DOMAINS = ("A", "B")  # of a root that was given no names


@dataclass(frozen=True)
class PictureFolder:
    """One domain's pictures of one split, "train" or "test", or a "single" folder's.

    `label` is the first part of its pictures' names, and no other folder's; `passed_over` are other files.
    In label and domain, too, what is no UTF-8 is U+FFFD.
    """

    root: Path
    label: str
    domain: str
    split: str
    files: Files
    passed_over: Files

    def name_of(self, file: Path) -> str:
        """label/path, with forward slashes, and U+FFFD for what is no UTF-8: it can be shown and sent."""
        return _showable(f"{self.label}/{file.relative_to(self.root).as_posix()}")


def find_folders(
    first: Path, second: Path | None, domains: tuple[str, str] | None = None
) -> tuple[PictureFolder, ...]:
    """Of two folders two, of a root up to four. Raises BadDataset where there is no such folder."""
    roots = two_folders(first, second)
    if second is None:
        names = domains or DOMAINS
        tests = (first / "testA", first / "testB")
        train = [_folder(root, root.name, name, "train") for root, name in zip(roots, names, strict=True)]
        pairs = zip(tests, names, strict=True)
        return (*train, *(_folder(root, root.name, name, "test") for root, name in pairs if root.is_dir()))
    names = domains or (_showable(roots[0].resolve().name), _showable(roots[1].resolve().name))
    labels = names if names[0] != names[1] else ("first", "second")
    return tuple(_folder(root, label, label, "train") for root, label in zip(roots, labels, strict=True))


def find_single(folder: Path) -> tuple[PictureFolder, ...]:
    """Pictures to translate, which nothing is trained or tested on. Raises BadDataset."""
    if not folder.is_dir():
        raise BadDataset(f"{folder} is not a folder: give one with pictures in it")
    name = _showable(folder.resolve().name)
    return (_folder(folder, name, name, "single"),)


def _folder(root: Path, label: str, domain: str, split: str) -> PictureFolder:
    files = pictures_of(root)
    others = sorted({file for file in root.rglob("*") if not file.is_dir()} - {*files}, key=_unlike_a_picture)
    seen = (file for file in others if not any(part.startswith(".") for part in file.relative_to(root).parts))
    return PictureFolder(root, label, domain, split, files, tuple(seen))


def _showable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unlike_a_picture(file: Path) -> tuple[bool, Path]:
    """Phone pictures and links that lead nowhere go first: they were meant."""
    return file.suffix.lower() not in MEANT, file
