"""MNIST as rows of pixels, and the file that it is read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.domains import BadDataset

PIXELS = 28 * 28
VALIDATION = 5_000
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


def load_digits(path: Path) -> Digits:
    """Raises BadDataset, which says what is wanted and where it is published."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            train, test = (_checked(path, arrays, name, (28, 28)) for name in ("x_train", "x_test"))
            labels = _checked(path, arrays, "y_test", ())
    except FileNotFoundError as error:
        raise BadDataset(f"there is no {path}; {WANTED}") from error
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise BadDataset(f"{path} is not a .npz of arrays ({error}); {WANTED}") from error
    except KeyError as error:
        raise BadDataset(f"{path}: {error.args[0]}; {WANTED}") from error
    if len(train) <= VALIDATION or len(labels) != len(test):
        counts = f"x_train {len(train)}, x_test {len(test)}, y_test {len(labels)}"
        raise BadDataset(f"{path} has too few rows, or labels that do not match ({counts}); {WANTED}")
    rows = _pixels(train)
    return Digits(rows[:-VALIDATION], rows[-VALIDATION:], _pixels(test), torch.from_numpy(labels))


def _checked(path: Path, arrays: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = arrays[name]
    if array.dtype != np.uint8 or array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        raise BadDataset(f"{path}: {name} is {array.dtype} of shape {array.shape}; {WANTED}")
    return array


def _pixels(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array).reshape(-1, PIXELS).float() / 255
