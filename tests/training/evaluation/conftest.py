"""A network that sees a picture's colours, a model of two domains, and a few pictures of each."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from training.evaluation.features import FeatureNetwork
from training.evaluation.networks import load_feature_network
from training.evaluation.pictures import Pictures, pictures_in_memory
from translation.sampler import Sampler
from translation.weights import load_bundle


class Colours(nn.Module):
    """Features: the mean colour of each quarter. Logits: which of the three colours is the strongest."""

    input_size: int

    def __init__(self) -> None:
        super().__init__()
        self.input_size = 16

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        quarters = torch.nn.functional.adaptive_avg_pool2d(images, 2)
        return quarters.flatten(1), quarters.mean((2, 3))


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TorchScript."""
    path = tmp_path_factory.mktemp("networks") / "colours.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(Colours()).save(str(path))  # type: ignore[no-untyped-call]
    return path


@pytest.fixture(scope="session")
def network(colours: Path) -> FeatureNetwork:
    return load_feature_network(colours)


@pytest.fixture(scope="session")
def sampler(tiny_bundle: Path) -> Sampler:
    bundle = load_bundle(tiny_bundle)
    return Sampler(bundle.model, bundle.card.training_size, scorer=bundle.scorer)


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
