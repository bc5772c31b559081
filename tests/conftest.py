"""A bundle of a few thousand untrained weights: whatever surrounds a model can be tried in a moment."""

from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from translation.architecture import Architecture
from translation.codec import PREPROCESSING, preprocessing_digest
from translation.weights import Card, save_bundle

TINY = "tiny"


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's folder, the only one of its parent, which so is a weights folder as well."""
    folder = tmp_path_factory.mktemp("weights") / TINY
    architecture = Architecture.tiny()
    card = Card(
        domains=("horse", "zebra"),
        architecture=architecture,
        training_size=32,
        preprocessing=PREPROCESSING,
        preprocessing_digest=preprocessing_digest(),
        licence="Apache-2.0",
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_bundle(folder, architecture.build_model(card.domains), architecture.build_ratios(), card)
    return folder


@pytest.fixture(scope="session")
def photograph() -> bytes:
    """A JPEG of 61 x 43 pixels: a brown ellipse on a ramp of greys."""
    picture = Image.linear_gradient("L").resize((61, 43)).convert("RGB")
    ImageDraw.Draw(picture).ellipse((12, 8, 48, 32), fill=(140, 80, 30))
    buffer = BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()
