"""The pictures of an evaluation: each with a name that seeds its noise, all at one size or at their own."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from training.domains import BadDataset, DomainFolders, Files, digests_of
from translation.codec import (
    ImageTooLarge,
    InvalidImage,
    decode,
    fit_short_side,
    on_white,
    read_size,
    short_side_size,
    to_image,
)
from translation.sampler import working_size

log = logging.getLogger(__name__)

MOST_NAMED = 5
MIN_PICTURES = 2  # of one, there is no covariance


@dataclass(frozen=True)
class Pictures:
    """Upright RGB on white, opened one at a time. `size`: their short side is brought to it, None leaves it.

    `digests` are of what the sources hold; a source is a file or a picture in memory.
    """

    names: tuple[str, ...]
    sources: tuple[Path | Image.Image, ...]
    digests: tuple[str, ...]
    size: int | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[Image.Image]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Image.Image:
        """Raises BadDataset where the file is no picture."""
        image = _open(self.sources[index])
        return image if self.size is None else fit_short_side(image, self.size)

    def size_of(self, index: int) -> tuple[int, int]:
        """(width, height) of a picture, of a file by its head alone. Raises BadDataset."""
        size = _size(self.sources[index])
        return size if self.size is None else short_side_size(size, self.size)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What each of them shows."""
        return tuple(f"{digest}/{self.size or 'own'}" for digest in self.digests)

    @cached_property
    def digest(self) -> str:
        """Of what they show, in their order; not of names or places."""
        return hashlib.sha256("\n".join(self.keys).encode()).hexdigest()

    def chosen(self, indices: Iterable[int]) -> "Pictures":
        """Those at the indices."""
        rows = list(indices)
        return Pictures(
            tuple(self.names[row] for row in rows),
            tuple(self.sources[row] for row in rows),
            tuple(self.digests[row] for row in rows),
            self.size,
        )

    def first(self, count: int) -> "Pictures":
        return self.chosen(range(min(count, len(self))))

    def drawn(self, count: int, seed: int) -> "Pictures":
        """`count` that can be read, or all where there are fewer, each once: a function of the seed."""
        order = map(int, np.random.default_rng(seed).permutation(len(self)))
        readable = (row for row in order if _is_readable(self.sources[row], self.digests[row]))
        return self.chosen(sorted(islice(readable, count)))


def read_pictures(folder: Path, size: int | None = None, whole: bool = False) -> Pictures:
    """Every picture below a folder, named by its path in it as in a translation.

    A file that cannot be read is left out, unless the folder has to be whole. Raises BadDataset.
    """
    if not folder.is_dir():
        raise BadDataset(f"{folder} is not a folder: give a folder of pictures")
    digests = digests_of(folder, whole)
    if len(digests) < MIN_PICTURES:
        raise BadDataset(f"{folder} holds {len(digests)} pictures: an evaluation needs {MIN_PICTURES}")
    return pictures_of(digests, folder, size)


def pictures_of(digests: Mapping[Path, str], root: Path | None = None, size: int | None = None) -> Pictures:
    """Files whose digests are known, named by their paths below `root`, or by their place in the list."""
    names = (
        str(row) if root is None else file.relative_to(root).as_posix() for row, file in enumerate(digests)
    )
    return Pictures(tuple(names), tuple(digests), tuple(digests.values()), size)


def pictures_of_split(
    split: tuple[Files, Files], folders: DomainFolders, size: int | None = None
) -> tuple[Pictures, Pictures]:
    """Those of a split of the folders, of both domains."""
    first, second = (
        pictures_of({file: folders.digests[file] for file in files}, size=size) for files in split
    )
    return first, second


def held_out_of(folders: DomainFolders) -> tuple[Pictures, Pictures]:
    """The validation split of both domains."""
    return pictures_of_split(folders.validation, folders)


def pictures_in_memory(images: Sequence[Image.Image | Tensor], size: int | None = None) -> Pictures:
    """RGB images, or (3, H, W) in [-1, 1], named by their place in the list."""
    held = tuple(to_image(image) if isinstance(image, Tensor) else image for image in images)
    digests = (hashlib.sha256(str(image.size).encode() + image.tobytes()).hexdigest() for image in held)
    return Pictures(tuple(map(str, range(len(held)))), held, tuple(digests), size)


def usable(pictures: Pictures, short_side: int) -> Pictures:
    """Those that a model can translate at a short side; the others, damaged or too long, are logged."""
    kept = []
    for row, source in enumerate(pictures.sources):
        try:
            working_size(pictures[row].size, short_side)
            kept.append(row)
        except (BadDataset, ImageTooLarge) as problem:
            log.warning("not evaluated on %s: %s", source, problem)
    return pictures.chosen(kept)


def refuse_too_long(pictures: Pictures, short_side: int) -> None:
    """Raises BadDataset, which names those that no model can translate at a short side."""
    too_long = []
    for row, source in enumerate(pictures.sources):
        try:
            working_size(pictures.size_of(row), short_side)
        except ImageTooLarge as problem:
            too_long.append(f"{source} ({problem})")
    if too_long:
        named, more = ", ".join(too_long[:MOST_NAMED]), len(too_long) - MOST_NAMED
        others = f" and {more} more" if more > 0 else ""
        raise BadDataset(f"too long for the model: {named}{others}: crop them, or leave them out")


def _open(source: Path | Image.Image) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    with _named(source):
        return on_white(decode(source.read_bytes()))


def _size(source: Path | Image.Image) -> tuple[int, int]:
    if isinstance(source, Image.Image):
        return source.size
    with _named(source):
        return read_size(source.read_bytes())


@contextmanager
def _named(source: Path) -> Iterator[None]:
    try:
        yield
    except (InvalidImage, OSError) as error:
        raise BadDataset(f"{source} cannot be read ({error}): remove or replace it") from error


def _is_readable(source: Path | Image.Image, digest: str) -> bool:
    return isinstance(source, Image.Image) or _file_is_readable(source, digest)


@lru_cache(maxsize=1 << 16)  # each seed draws from the same pictures
def _file_is_readable(source: Path, digest: str) -> bool:
    try:
        _open(source)
    except BadDataset as problem:
        log.warning("passed over: %s", problem)
        return False
    return True
