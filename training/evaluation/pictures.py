"""The pictures of an evaluation: each with a name that seeds its noise, all at one size or at their own."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from training.domains import BadDataset, DomainFolders, digests_of
from translation.codec import InvalidImage, decode, fit_short_side, on_white, to_image

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
        """`count` of them, or all where there are fewer, without replacement: a function of the seed."""
        order = np.random.default_rng(seed).permutation(len(self))[:count]
        return self.chosen(sorted(int(index) for index in order))


def read_pictures(folder: Path, size: int | None = None) -> Pictures:
    """Every picture below a folder, named by its path in it as in a translation. Raises BadDataset."""
    if not folder.is_dir():
        raise BadDataset(f"{folder} is not a folder: give a folder of pictures")
    digests = digests_of(folder)
    if len(digests) < MIN_PICTURES:
        raise BadDataset(f"{folder} holds {len(digests)} pictures: an evaluation needs {MIN_PICTURES}")
    return pictures_of(digests, folder, size)


def pictures_of(digests: Mapping[Path, str], root: Path | None = None, size: int | None = None) -> Pictures:
    """Files whose digests are known, named by their paths below `root`, or by their place in the list."""
    names = (
        str(row) if root is None else file.relative_to(root).as_posix() for row, file in enumerate(digests)
    )
    return Pictures(tuple(names), tuple(digests), tuple(digests.values()), size)


def held_out_of(folders: DomainFolders) -> tuple[Pictures, Pictures]:
    """The validation split of both domains."""
    first, second = (
        pictures_of({file: folders.digests[file] for file in files}) for files in folders.validation
    )
    return first, second


def pictures_in_memory(images: Sequence[Image.Image | Tensor], size: int | None = None) -> Pictures:
    """RGB images, or (3, H, W) in [-1, 1], named by their place in the list."""
    held = tuple(to_image(image) if isinstance(image, Tensor) else image for image in images)
    digests = (hashlib.sha256(str(image.size).encode() + image.tobytes()).hexdigest() for image in held)
    return Pictures(tuple(map(str, range(len(held)))), held, tuple(digests), size)


def _open(source: Path | Image.Image) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    try:
        return on_white(decode(source.read_bytes()))
    except InvalidImage as error:
        raise BadDataset(f"{source} cannot be read ({error}): remove or replace it") from error
