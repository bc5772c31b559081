"""What a bundle paints, wherever it paints it."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from translation.sampler import Sampler
from translation.weights import load_bundle

LEVELS = 2  # of 255, that kernels may differ by
SIDE = 32


@pytest.fixture
def picture(photograph: bytes) -> Image.Image:
    return Image.open(BytesIO(photograph)).convert("RGB")


@pytest.mark.parametrize("to", ["horse", "zebra"])
def test_every_device_paints_the_same_picture_and_scores_it_alike(
    to: str, tiny_bundle: Path, picture: Image.Image, device: torch.device
) -> None:
    found = []
    for each in (torch.device("cpu"), device):
        bundle = load_bundle(tiny_bundle)
        sampler = Sampler(bundle.model, SIDE, each, scorer=bundle.scorer)
        codes = torch.randn(3, bundle.model.code_size, generator=torch.Generator().manual_seed(7))
        samples = [np.asarray(sample, np.int16) for sample in sampler(picture, to, codes)]
        found.append((np.stack(samples), sampler.score(sampler.fit(picture), to)))
    (ours, our_score), (theirs, their_score) = found
    assert np.abs(ours - theirs).max() <= LEVELS
    assert our_score == pytest.approx(their_score, abs=0.1)
