"""A run of the tiny recipe that nothing interrupted, and means to make others."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.run import train

Train = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Here as in the child processes: the order of a sum is that of its threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tiny() -> str:
    return str(Path(__file__).parents[1] / "tiny.toml")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of noise, in which every crop and flip shows."""
    root, noise = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, pictures in (("plain", 12), ("striped", 9)):
        (root / name).mkdir()
        for index in range(pictures):
            pixels = noise.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    return root / "plain", root / "striped"


@pytest.fixture(scope="module")
def train_tiny(pair: tuple[Path, Path], tiny: str) -> Train:
    return partial(train, *pair, tiny, device="cpu")


@pytest.fixture(scope="module")
def straight(train_tiny: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of six steps. Not to be changed."""
    return train_tiny(out=tmp_path_factory.mktemp("runs") / "straight")
