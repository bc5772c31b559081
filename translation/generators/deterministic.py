"""The generators of CycleGAN and CUT: one picture for each picture, without noise.

    c7s1-w, d2w, d4w, R4w x blocks, u2w, uw, c7s1-3, tanh        instance norm and ReLU after all but the last

Johnson et al. (2016), https://arxiv.org/abs/1603.08155, as Zhu et al. (2017) have it,
https://arxiv.org/abs/1703.10593. In CUT, by Park et al. (2020), https://arxiv.org/abs/2007.15651, the
convolutions keep the size, and the filters of Zhang (2019), https://arxiv.org/abs/1904.11486, change it.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.blur import binomial_filter, blur
from translation.distributions import (
    DISTRIBUTIONS,
    SCALES,
    Distribution,
    DistributionName,
    ScaleName,
)
from translation.generators.blocks import ResidualBlock, convolution, pad_to_multiple
from translation.generators.painting import Painting
from translation.normalisation import instance_norm

DownName = Literal["strided", "blurred"]
UpName = Literal["transposed", "blurred"]


class DeterministicResNetGenerator(nn.Module):
    """`width` is the number of features at full resolution, four times as many at a quarter of it."""

    stride = 4

    def __init__(
        self,
        width: int,
        blocks: int,
        down: DownName,
        up: UpName,
        distribution: DistributionName,
        scale: ScaleName,
        initial_scale: float,
    ) -> None:
        super().__init__()
        self.distribution = DISTRIBUTIONS[distribution]
        self.stem = convolution(3, width, size=7)
        self.down = nn.ModuleList([DOWN[down](width), DOWN[down](2 * width)])
        self.blocks = nn.ModuleList([ResidualBlock(4 * width, code_size=0) for _ in range(blocks)])
        self.up = nn.ModuleList([UP[up](4 * width), UP[up](2 * width)])
        self.head = nn.Conv2d(width, 3, 7, padding=3, padding_mode="reflect")
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.scale = SCALES[scale](width, 3, initial_scale)

    def forward(self, source: Tensor, code: Tensor) -> Distribution:
        """source (B, 3, H, W) in [-1, 1], H and W at least 8; code (B, 0).

        The density's mean is (B, 3, H, W) in [-1, 1], float32.
        """
        features = self._features(source, code)
        scale, (height, width) = self.scale(features), source.shape[-2:]
        mean = self._painting(features, source).colour
        return self.distribution(mean, scale[..., :height, :width] if scale.ndim else scale)

    def paint(self, source: Tensor, code: Tensor) -> Painting:
        """The mean, painted everywhere."""
        return self._painting(self._features(source, code), source)

    def _painting(self, features: Tensor, source: Tensor) -> Painting:
        height, width = source.shape[-2:]
        colour = torch.tanh(self.head(features)[..., :height, :width].float())
        return Painting(colour, torch.ones_like(colour[:, :1]))

    def _features(self, source: Tensor, code: Tensor) -> Tensor:
        features = F.relu(instance_norm(self.stem(pad_to_multiple(source, self.stride))))
        for down in self.down:
            features = down(features)
        for block in self.blocks:
            features = block(features, code)
        for up in self.up:
            features = up(features)
        return features


class StridedDown(nn.Module):
    """(B, C, H, W) -> (B, 2 C, H / 2, W / 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(channels, 2 * channels, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(instance_norm(self.convolution(features)))


class BlurredDown(nn.Module):
    """(B, C, H, W) -> (B, 2 C, H / 2, W / 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(channels, 2 * channels)

    def forward(self, features: Tensor) -> Tensor:
        return blur(F.relu(instance_norm(self.convolution(features))), stride=2)


class TransposedUp(nn.Module):
    """(B, C, H, W) -> (B, C / 2, 2 H, 2 W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.ConvTranspose2d(
            channels, channels // 2, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        nn.init.normal_(self.convolution.weight, std=0.02)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(instance_norm(self.convolution(features)))


class BlurredUp(nn.Module):
    """(B, C, H, W) -> (B, C / 2, 2 H, 2 W)."""

    blur: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("blur", UP_FILTER.repeat(channels, 1, 1, 1), persistent=False)
        self.convolution = _convolution(channels, channels // 2)

    def forward(self, features: Tensor) -> Tensor:
        padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
        enlarged = F.conv_transpose2d(padded, self.blur, stride=2, padding=3, groups=len(self.blur))
        return F.relu(instance_norm(self.convolution(enlarged)))


def _convolution(channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Zero-padded, as the published networks are between their first and last layers."""
    layer = nn.Conv2d(channels, out_channels, 3, stride, padding=1, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer


UP_FILTER = 4 * binomial_filter(1, 3, 3, 1)  # a picture of four times as many pixels, as bright

DOWN: dict[str, type[StridedDown] | type[BlurredDown]] = {"strided": StridedDown, "blurred": BlurredDown}
UP: dict[str, type[TransposedUp] | type[BlurredUp]] = {"transposed": TransposedUp, "blurred": BlurredUp}
