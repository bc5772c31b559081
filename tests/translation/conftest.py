"""The tiny bundle, a copy for every test to spoil, and what it holds."""

import shutil
from pathlib import Path

import pytest

from translation.card import Card, read_card
from translation.model import DensityRatios, TranslationModel
from translation.registry import Registry
from translation.weights import load_bundle, save_bundle


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


@pytest.fixture
def bundles(tmp_path: Path, bundle: Path) -> Registry:
    shutil.copytree(bundle, tmp_path / "weights" / "horse2zebra")
    return Registry(tmp_path / "weights", tmp_path / "models")


@pytest.fixture
def retrained(tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card) -> Path:
    run = tmp_path / "run"
    save_bundle(run / "bundle", model, ratios, card.model_copy(update={"steps": 1000}))
    return run
