"""What surrounds a model can be tried in a moment: a bundle of a few thousand untrained weights, and a
generator of the published kind with as few."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from colours import save_colours
from PIL import Image, ImageDraw
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor, nn

from app.configuration import CONFIG_FILE, PREFIX
from translation.architecture import Architecture, DeterministicResNetArchitecture
from translation.card import Card, HeldOut, read_card
from translation.codec import PREPROCESSING, preprocessing_digest
from translation.domain_score import Calibration, judges_of
from translation.weights import save_bundle, save_calibrations

TINY = "tiny"
HELD_OUT = 24
Family = Callable[..., nn.Module]


def pytest_configure() -> None:
    """The settings of whoever runs the tests, their database above all, are none of the tests'."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[CONFIG_FILE] = os.devnull


@pytest.fixture
def _gpu() -> None:
    assert torch.cuda.is_available(), "there is no GPU"


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> torch.device:
    """Whatever a test asks it for, has to work on either."""
    if request.param == "cuda":
        request.getfixturevalue("_gpu")
    return torch.device(request.param)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's folder, the only one of its parent, which so is a weights folder as well."""
    folder = tmp_path_factory.mktemp("weights") / TINY
    architecture = TINY_ARCHITECTURE
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
        model, ratios = architecture.build_model(card.domains), architecture.build_ratios()
        specks = torch.rand(HELD_OUT, 3, 32, 40) * 2 - 1
    save_bundle(folder, model, ratios, card)
    judges = judges_of(ratios, card.domains)
    with torch.inference_mode():
        calibrations = {domain: Calibration.of(judge.traits(specks)) for domain, judge in judges.items()}
    held_out = dict.fromkeys(card.domains, HeldOut(pictures=HELD_OUT, sha256="0" * 64))
    save_calibrations(folder, read_card(folder)[1], calibrations, held_out)
    return folder


@pytest.fixture(scope="session")
def noise() -> bytes:
    """A PNG of 40 x 32 pixels, of the kind that the tiny bundle's domain scores are ranks among."""
    specks = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(specks).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def one_way_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From horse to zebra, without codes and ratios, as one that is imported; alone in its parent as well."""
    folder = tmp_path_factory.mktemp("one-way") / "one-way"
    generator = DeterministicResNetArchitecture(width=4, blocks=1)
    architecture = Architecture(generator=generator, discriminator=None)
    card = Card(domains=("horse", "zebra"), one_way=True, architecture=architecture, training_size=32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_bundle(folder, architecture.build_model(card.domains, one_way=True), None, card)
    return folder


@pytest.fixture(scope="session")
def photograph() -> bytes:
    """A JPEG of 61 x 43 pixels: a brown ellipse on a ramp of greys."""
    picture = Image.linear_gradient("L").resize((61, 43)).convert("RGB")
    ImageDraw.Draw(picture).ellipse((12, 8, 48, 32), fill=(140, 80, 30))
    buffer = BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = features + self.conv_block(features)
        return out


class Blur(nn.Module):
    """Down by the taps 1 2 1, up by 1 3 3 1; written pixel by pixel, by strides and by what lies between."""

    filt: Tensor

    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3, 3, 1] if up else [1.0, 2, 1])
        plane = taps[:, None] * taps[None, :]
        plane = plane / plane.sum() * (4 if up else 1)
        self.register_buffer("filt", plane[None, None].repeat(channels, 1, 1, 1))
        self.up = up

    def forward(self, features: Tensor) -> Tensor:
        return self._larger(features) if self.up else self._smaller(features)

    def _smaller(self, features: Tensor) -> Tensor:
        padded = nn.ReflectionPad2d(1)(features)
        return nn.functional.conv2d(padded, self.filt, groups=len(self.filt))[..., ::2, ::2]

    def _larger(self, features: Tensor) -> Tensor:
        """A zero behind every pixel, and then the filter."""
        padded = nn.ReplicationPad2d(1)(features)
        batch, channels, height, width = padded.shape
        spread = padded.new_zeros(batch, channels, 2 * height, 2 * width)
        spread[..., ::2, ::2] = padded
        return nn.functional.conv2d(spread, self.filt, groups=len(self.filt))[
            ..., : 2 * height - 4, : 2 * width - 4
        ]


class Published(nn.Module):
    """The published family, plainly: a Sequential whose state dict has its keys."""

    def __init__(self, blocks: int, width: int, blur_down: bool, blur_up: bool, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(channels, width, 7))]
        for features in (width, 2 * width):
            stride = 1 if blur_down else 2
            layers += normed(nn.Conv2d(features, 2 * features, 3, stride, padding=1))
            layers += [Blur(2 * features, up=False)] if blur_down else []
        layers += [Block(4 * width) for _ in range(blocks)]
        for features in (4 * width, 2 * width):
            half = features // 2
            if blur_up:
                layers += [Blur(features, up=True), *normed(nn.Conv2d(features, half, 3, padding=1))]
            else:
                layers += normed(nn.ConvTranspose2d(features, half, 3, 2, padding=1, output_padding=1))
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.model(images)
        return out


def normed(layer: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(layer.out_channels), nn.ReLU()]


@pytest.fixture(scope="session")
def published() -> Family:
    """A network with random weights and biases, both larger than a fresh one's."""

    def build(
        blocks: int = 1,
        width: int = 4,
        blur_down: bool = False,
        blur_up: bool = False,
        channels: int = 3,
        seed: int = 0,
    ) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Published(blocks, width, blur_down, blur_up, channels)
            for weight in network.parameters():
                nn.init.normal_(weight, std=0.1)
        return network.eval()

    return build


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network to measure by."""
    return save_colours(tmp_path_factory.mktemp("networks") / "colours.pt")
