"""MNIST as rows of pixels, and the file that it is read from."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.domains import BadDataset
from training.experiments.arrays import read_arrays

PIXELS = 28 * 28
VALIDATION = 5_000
SHAPES = {"x_train": (28, 28), "x_test": (28, 28), "y_test": ()}
WANTED = (
    "wanted is MNIST as a .npz of uint8 arrays x_train (60000, 28, 28), x_test (10000, 28, 28) and y_test "
    "(10000,): published as mnist.npz by Keras, as IDX files by LeCun, Cortes and Burges (CC BY-SA 3.0)"
)


@dataclass(frozen=True)
class Digits:
    """Rows (N, 784) in [0, 1], labels 0..9 (N,). `validation` is the end of the published training set."""

    train: Tensor
    validation: Tensor
    test: Tensor
    test_labels: Tensor

    def digest(self) -> str:
        """Of everything it holds."""
        held = (self.train, self.validation, self.test, self.test_labels)
        return sha256(b"".join(tensor.numpy().tobytes() for tensor in held)).hexdigest()


def load_digits(path: Path) -> Digits:
    """Raises BadDataset, which says what is wanted and where it is published."""
    arrays = read_arrays(path, SHAPES, WANTED)
    train, test, labels = (arrays[name] for name in SHAPES)
    if len(train) <= VALIDATION or len(labels) != len(test):
        counts = f"x_train {len(train)}, x_test {len(test)}, y_test {len(labels)}"
        raise BadDataset(f"{path} has too few rows, or labels that do not match ({counts}); {WANTED}")
    rows = _pixels(train)
    return Digits(rows[:-VALIDATION], rows[-VALIDATION:], _pixels(test), torch.from_numpy(labels))


def _pixels(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array).reshape(-1, PIXELS).float() / 255
