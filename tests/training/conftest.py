from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.domains import DomainFolders, find_domains
from training.evaluation.features import FeatureNetwork
from training.evaluation.networks import load_feature_network

Fill = Callable[..., Path]


@pytest.fixture(scope="session")
def network(colours: Path) -> FeatureNetwork:
    return load_feature_network(colours)


@pytest.fixture(name="fill")
def _fill(tmp_path: Path) -> Fill:
    """Makes a folder of `pictures` different pictures, each of one colour."""

    def fill(name: str, pictures: int, seed: int = 0, size: tuple[int, int] = (24, 20)) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for index, colour in enumerate(np.random.default_rng(seed).integers(0, 256, (pictures, 3)).tolist()):
            Image.new("RGB", size, tuple(colour)).save(folder / f"{index:03}.png")
        return folder

    return fill


@pytest.fixture(name="folders")
def _folders(fill: Fill) -> DomainFolders:
    return find_domains(fill("plain", 23), fill("striped", 12, seed=1), None, 0.1)
