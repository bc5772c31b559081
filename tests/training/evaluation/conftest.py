"""A network that sees a picture's colours, a model of two domains, and a few pictures of each."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.evaluation.pictures import Pictures, pictures_in_memory
from translation.sampler import Sampler
from translation.weights import load_bundle


@pytest.fixture(scope="session")
def sampler(tiny_bundle: Path) -> Sampler:
    bundle = load_bundle(tiny_bundle)
    return bundle.sampler()


def noise_pictures(count: int, seed: int, reddish: int = 0) -> list[Image.Image]:
    """40 x 32 pixels, of few and large specks."""
    generator = np.random.default_rng(seed)
    specks = generator.integers(0, 200, (count, 4, 5, 3))
    specks[..., 0] += reddish
    return [
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).resize((40, 32), Image.Resampling.BICUBIC)
        for picture in specks
    ]


@pytest.fixture(scope="session")
def test_pictures() -> tuple[Pictures, Pictures]:
    """Seven and nine; the second ones are redder."""
    return pictures_in_memory(noise_pictures(7, 0)), pictures_in_memory(noise_pictures(9, 1, reddish=50))


@pytest.fixture(scope="session")
def train_pictures() -> tuple[Pictures, Pictures]:
    return pictures_in_memory(noise_pictures(12, 2)), pictures_in_memory(noise_pictures(12, 3, reddish=50))
