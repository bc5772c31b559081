"""The tiny bundle, a copy for every test to spoil, and what it holds."""

import shutil
from pathlib import Path

import pytest

from translation.model import DensityRatios, TranslationModel
from translation.weights import Card, load_bundle, read_card


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


@pytest.fixture
def card(tiny_bundle: Path) -> Card:
    return read_card(tiny_bundle)[0]


@pytest.fixture
def model(tiny_bundle: Path) -> TranslationModel:
    return load_bundle(tiny_bundle).model


@pytest.fixture
def ratios(tiny_bundle: Path) -> DensityRatios:
    return load_bundle(tiny_bundle).ratios
