"""A tiny bundle, whole and on the disk."""

from pathlib import Path

import pytest

from translation.architecture import Architecture
from translation.model import DensityRatios, TranslationModel
from translation.weights import Card, save_bundle


@pytest.fixture
def card() -> Card:
    return Card(domains=("horse", "zebra"), architecture=Architecture.tiny(), training_size=16)


@pytest.fixture
def model(card: Card) -> TranslationModel:
    return card.architecture.build_model(card.domains)


@pytest.fixture
def ratios(card: Card) -> DensityRatios:
    return card.architecture.build_ratios()


@pytest.fixture
def bundle(tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card) -> Path:
    folder = tmp_path / "bundle"
    save_bundle(folder, model, ratios, card)
    return folder
