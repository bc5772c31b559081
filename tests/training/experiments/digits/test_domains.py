from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.domains import BadDataset
from training.experiments.digits.domains import load_domain, write_pictures
from translation.codec import to_tensor

Arrays = Mapping[str, Mapping[str, np.ndarray]]


@pytest.mark.parametrize("name", ["mnist", "usps"])
def test_validation_is_the_end_of_train_and_no_digit_is_in_two_splits(
    name: str, files: Mapping[str, Path], arrays: Arrays
) -> None:
    domain = load_domain(name, files[name], at_most=1000, validation=8)
    assert [len(split) for split in domain.splits.values()] == [22, 8, 10]
    labels = torch.cat([domain.train.labels, domain.validation.labels])
    assert labels.tolist() == arrays[name]["y_train"].tolist()
    assert domain.test.labels.tolist() == arrays[name]["y_test"].tolist()
    assert domain.test.pixels.shape == (10, 32, 32)
    shown = {split: {each.numpy().tobytes() for each in held.pixels} for split, held in domain.splits.items()}
    assert not shown["train"] & shown["validation"] | shown["train"] & shown["test"]


def test_a_limit_leaves_validation_as_it_is(files: Mapping[str, Path]) -> None:
    few, all_of_them = (load_domain("usps", files["usps"], at_most, 8) for at_most in (5, 1000))
    assert len(few.train) == 5
    assert torch.equal(few.validation.pixels, all_of_them.validation.pixels)
    assert few.digest() != all_of_them.digest()


def test_the_pictures_are_what_the_classifiers_see_and_name_no_label(
    files: Mapping[str, Path], tmp_path: Path
) -> None:
    domain = load_domain("mnist", files["mnist"], 1000, 8)
    folder = write_pictures(domain, tmp_path)
    written = sorted(folder.iterdir())
    assert [file.name for file in written] == [f"{row:05d}.png" for row in range(len(domain.train))]
    with Image.open(written[3]) as picture:
        assert torch.allclose(to_tensor(picture), domain.train[3:4].images())
    before = written[0].stat().st_mtime_ns
    assert write_pictures(domain, tmp_path) == folder
    assert written[0].stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "change",
    [
        {"y_train": None},
        {"x_test": np.zeros((10, 28, 28), np.uint8)},
        {"x_train": np.zeros((30, 16, 16), np.float32)},
        {"y_test": np.zeros(7, np.uint8)},
        {"y_test": np.full(10, 10, np.uint8)},
        {"x_train": np.zeros((8, 16, 16), np.uint8), "y_train": np.zeros(8, np.uint8)},
        {"x_test": np.array([{}], dtype=object)},
    ],
    ids=["no labels", "of mnist", "floats", "labels of others", "no digit", "too few", "objects"],
)
def test_a_wrong_file_is_told_what_is_wanted(
    change: Mapping[str, np.ndarray | None], arrays: Arrays, tmp_path: Path
) -> None:
    held = {name: array for name, array in {**arrays["usps"], **change}.items() if array is not None}
    np.savez(tmp_path / "wrong.npz", **held)
    with pytest.raises(BadDataset, match=r"wrong\.npz.*USPS.*x_train \(7291, 16, 16\).*published"):
        load_domain("usps", tmp_path / "wrong.npz", 1000, 8)


@pytest.mark.parametrize("content", [None, b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_what_is_no_npz_is_told_what_is_wanted(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "usps.npz").write_bytes(content)
    with pytest.raises(BadDataset, match=r"usps\.npz.*x_train \(7291, 16, 16\).*published"):
        load_domain("usps", tmp_path / "usps.npz", 1000, 8)


def test_two_processes_may_write_the_same_pictures(
    files: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, rename = load_domain("usps", files["usps"], 1000, 8), Path.rename

    def overtaken(begun: Path, wanted: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        write_pictures(domain, tmp_path)
        return rename(begun, wanted)

    monkeypatch.setattr(Path, "rename", overtaken)
    assert len(list(write_pictures(domain, tmp_path).iterdir())) == len(domain.train)
    assert len(list(tmp_path.iterdir())) == 1
