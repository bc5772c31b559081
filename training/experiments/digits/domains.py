"""MNIST and USPS at one size, and the files that they are read from.

    mnist    28 pixels    LeCun, Cortes and Burges, the digit in the middle 20
    usps     16 pixels    Hull (1994), https://doi.org/10.1109/34.291440, the digit fills the frame

The end of each published training set is held out for validation. The test sets are those published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from training.domains import BadDataset
from training.experiments.arrays import read_arrays
from translation.codec import resize

SIDE = 32
CLASSES = 10
DIRECTIONS = (("mnist", "usps"), ("usps", "mnist"))


@dataclass(frozen=True)
class Published:
    """A set as it was published: the side of a picture in pixels, how many there are, where they are."""

    side: int
    train: int
    test: int
    where: str

    def wanted(self, name: str) -> str:
        return (
            f"wanted is {name.upper()} as a .npz of uint8 arrays x_train ({self.train}, {self.side}, "
            f"{self.side}), y_train ({self.train},), x_test ({self.test}, {self.side}, {self.side}) and "
            f"y_test ({self.test},): {self.where}"
        )


PUBLISHED = {
    "mnist": Published(28, 60_000, 10_000, "published as mnist.npz by Keras (CC BY-SA 3.0)"),
    "usps": Published(
        16, 7_291, 2_007, "published as zip.train and zip.test by Hastie, Tibshirani, Friedman"
    ),
}


@dataclass(frozen=True)
class LabelledDigits:
    """Grey pictures, uint8 (N, 32, 32), light on dark; labels, int64 (N,), 0 to 9."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | Tensor) -> "LabelledDigits":
        return LabelledDigits(self.pixels[rows], self.labels[rows])

    def __add__(self, other: "LabelledDigits") -> "LabelledDigits":
        return LabelledDigits(torch.cat([self.pixels, other.pixels]), torch.cat([self.labels, other.labels]))

    def images(self) -> Tensor:
        """(N, 3, 32, 32) in [-1, 1], the three channels alike."""
        return (self.pixels.float() / 127.5 - 1)[:, None].expand(-1, 3, -1, -1)


@dataclass(frozen=True)
class DigitDomain:
    """Of `train` the translator sees the pictures, and of nothing the labels."""

    name: str
    train: LabelledDigits
    validation: LabelledDigits
    test: LabelledDigits

    @property
    def splits(self) -> Mapping[str, LabelledDigits]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def digest(self) -> str:
        """Of everything it holds."""
        held = (tensor for split in self.splits.values() for tensor in (split.pixels, split.labels))
        return sha256(b"".join(tensor.numpy().tobytes() for tensor in held)).hexdigest()


def load_domain(name: str, path: Path, at_most: int, validation: int) -> DigitDomain:
    """`train` has the first `at_most` of the digits that are not held out.

    Raises BadDataset, which says what is wanted and where it is published.
    """
    published = PUBLISHED[name]
    shape, wanted = (published.side, published.side), published.wanted(name)
    shapes = {"x_train": shape, "y_train": (), "x_test": shape, "y_test": ()}
    arrays = read_arrays(path, shapes, wanted)
    for split in ("train", "test"):
        pictures, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if len(pictures) != len(labels) or not len(labels) or labels.max() >= CLASSES:
            raise BadDataset(f"{path}: y_{split} holds no labels, 0 to 9, of x_{split}; {wanted}")
    first = min(at_most, len(arrays["y_train"]) - validation)
    if first < 2:
        raise BadDataset(f"{path}: x_train holds no digits beside {validation} for validation; {wanted}")
    train, held_out = slice(first), slice(-validation, None)
    return DigitDomain(
        name,
        _at_side(arrays["x_train"][train], arrays["y_train"][train]),
        _at_side(arrays["x_train"][held_out], arrays["y_train"][held_out]),
        _at_side(arrays["x_test"], arrays["y_test"]),
    )


def write_pictures(domain: DigitDomain, folder: Path) -> Path:
    """A folder below `folder` with a PNG for each digit of `train`, named by what it holds; written once."""
    wanted = folder / f"{domain.name}-{domain.digest()[:12]}"
    if wanted.exists():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".") as room:
        begun = Path(room) / wanted.name
        begun.mkdir()
        for row, pixels in enumerate(domain.train.pixels):
            Image.fromarray(pixels.numpy()).convert("RGB").save(begun / f"{row:05d}.png")
        try:
            begun.rename(wanted)
        except OSError:
            if not wanted.exists():  # else another process has written the same meanwhile
                raise
    return wanted


def _at_side(pictures: NDArray[np.uint8], labels: NDArray[np.uint8]) -> LabelledDigits:
    resized = [np.asarray(resize(Image.fromarray(picture), (SIDE, SIDE))) for picture in pictures]
    return LabelledDigits(torch.from_numpy(np.stack(resized)), torch.from_numpy(labels.astype(np.int64)))
