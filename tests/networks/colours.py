"""A network that sees a picture's colours."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


class Colours(nn.Module):
    """Features: the mean colour of each quarter. Logits: which of the three colours is the strongest."""

    input_size: int

    def __init__(self) -> None:
        super().__init__()
        self.input_size = 16

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        quarters = torch.nn.functional.adaptive_avg_pool2d(images, 2)
        return quarters.flatten(1), quarters.mean((2, 3))


def save_colours(path: Path) -> Path:
    """As TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.script(Colours()).save(str(path))  # type: ignore[no-untyped-call]
    return path
