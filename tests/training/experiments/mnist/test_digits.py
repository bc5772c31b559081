from pathlib import Path

import numpy as np
import pytest
import torch

from training.domains import BadDataset
from training.experiments.mnist.digits import VALIDATION, load_digits


def test_pixels_are_rows_between_0_and_1_and_validation_is_cut_from_train(
    data: Path, arrays: dict[str, np.ndarray]
) -> None:
    digits = load_digits(data)
    assert digits.train.shape == (200, 784)
    assert digits.validation.shape == (VALIDATION, 784)
    assert torch.equal(digits.validation[-1], torch.from_numpy(arrays["x_train"][-1]).flatten() / 255)
    assert 0 <= digits.test.min() < digits.test.max() <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"x_test": None},
        {"y_test": None},
        {"x_train": np.zeros((6000, 28, 28), np.float32)},
        {"x_train": np.zeros((6000, 784), np.uint8)},
        {"x_train": np.zeros((VALIDATION, 28, 28), np.uint8)},
        {"x_test": np.array([{}], dtype=object)},
        {"y_test": np.zeros(7, np.uint8)},
    ],
    ids=["no x_test", "no y_test", "floats", "rows", "too few", "objects", "labels of others"],
)
def test_a_wrong_file_is_told_what_is_wanted(
    change: dict[str, np.ndarray | None], arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    held = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    np.savez(tmp_path / "wrong.npz", **held)
    with pytest.raises(BadDataset, match=r"wrong\.npz.*x_train \(60000, 28, 28\).*published"):
        load_digits(tmp_path / "wrong.npz")


@pytest.mark.parametrize("content", [None, b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_what_is_no_npz_is_told_what_is_wanted(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(BadDataset, match=r"mnist\.npz.*x_train \(60000, 28, 28\).*published"):
        load_digits(tmp_path / "mnist.npz")
