"""x = F(xi; z) with xi ~ N(0, I): a picture's conditional density, given a picture of the other domain.

With a copy gate the mean is a blend, gate * painted + (1 - gate) * source, pixel by pixel, so that what need
not change is copied rather than learned to be copied: the attention masks of Mejjati et al. (2018),
https://arxiv.org/abs/1806.02311, in one network.

With `copy_shift` a pixel of the copy may come from up to so many pixels away, for what lies elsewhere, or is
larger, in the other domain. The flow starts at zero, and is smooth because it is computed at a quarter of the
resolution. A shape that is painted anew instead passes through other shapes during the training, and its
meaning is lost.
"""

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.blur import blur
from translation.distributions import (
    DISTRIBUTIONS,
    SCALES,
    Distribution,
    DistributionName,
    ScaleName,
)
from translation.generators.blocks import ResidualBlock, Upsample, convolution, pad_to_multiple
from translation.generators.painting import Painting
from translation.normalisation import instance_norm


class StochasticResNetGenerator(nn.Module):
    """The ResNet of Johnson et al. (2016), its residual blocks conditioned on a noise code.

    `width` is the number of features at full resolution, four times as many at a quarter of it. Without
    `copy_gate` every pixel is painted, as by Zhu et al. (2017). What is copied comes from `copy_shift` pixels
    away at most, across and down; 0: it stays in place.
    """

    stride = 4
    antialiased: ClassVar[bool] = False

    def __init__(
        self,
        width: int,
        blocks: int,
        code_size: int,
        distribution: DistributionName,
        scale: ScaleName,
        initial_scale: float,
        copy_gate: bool,
        copy_shift: int = 0,
    ) -> None:
        super().__init__()
        self.code_size = code_size
        self.distribution = DISTRIBUTIONS[distribution]
        self.stem = convolution(3, width, size=7)
        self.down = nn.ModuleList([convolution(width, 2 * width, stride=2)])
        self.down.append(convolution(2 * width, 4 * width, stride=2))
        self.blocks = nn.ModuleList([ResidualBlock(4 * width, code_size) for _ in range(blocks)])
        enlarge = partial(Upsample, antialiased=self.antialiased)
        self.up = nn.ModuleList([enlarge(4 * width, 2 * width), enlarge(2 * width, width)])
        self.copy_gate = copy_gate
        self.head = nn.Conv2d(width, 4 if copy_gate else 3, 7, padding=3, padding_mode="reflect")
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.copy_shift = copy_shift
        self.flow = nn.Conv2d(4 * width, 2, 3, padding=1, padding_mode="reflect") if copy_shift else None
        if self.flow is not None:
            nn.init.zeros_(self.flow.weight)
            nn.init.zeros_(self.flow.bias)  # type: ignore[arg-type]
        self.scale = SCALES[scale](width, 3, initial_scale)

    def forward(self, source: Tensor, code: Tensor) -> Distribution:
        """source (B, 3, H, W) in [-1, 1], H and W at least 8; code (B, code_size).

        The density's mean is (B, 3, H, W) in [-1, 1], float32.
        """
        cells = self._cells(pad_to_multiple(source, self.stride), code)
        features = self._enlarged(cells)
        painting, scale = self._painting(cells, features, source), self.scale(features)
        height, width = source.shape[-2:]
        return self.distribution(painting.over(source), scale[..., :height, :width] if scale.ndim else scale)

    def paint(self, source: Tensor, code: Tensor) -> Painting:
        """What `forward` blends with the source. It can be blended with a larger source as well."""
        cells = self._cells(pad_to_multiple(source, self.stride), code)
        return self._painting(cells, self._enlarged(cells), source)

    def _painting(self, cells: Tensor, features: Tensor, source: Tensor) -> Painting:
        height, width = source.shape[-2:]
        painted = self.head(features)[..., :height, :width].float()
        colour = torch.tanh(painted[:, :3])
        if not self.copy_gate:
            return Painting(colour, torch.ones_like(colour[:, :1]))
        return Painting(colour, torch.sigmoid(painted[:, 3:]), self._shift(cells, height, width))

    def _shift(self, cells: Tensor, height: int, width: int) -> Tensor | None:
        """(B, 2, H, W) in pixels; the flow counts in cells, of `stride` pixels each."""
        if self.flow is None:
            return None
        cells_away = self.flow(cells).float()
        pixels_away = self.copy_shift * torch.tanh(cells_away * (self.stride / self.copy_shift))
        return F.interpolate(pixels_away, scale_factor=float(self.stride), mode="bilinear")[
            ..., :height, :width
        ]

    def _cells(self, source: Tensor, code: Tensor) -> Tensor:
        """(B, 4 width, H / 4, W / 4)."""
        features = F.relu(instance_norm(self.stem(source)))
        for down in self.down:
            features = F.relu(instance_norm(down(blur(features) if self.antialiased else features)))
        for block in self.blocks:
            features = block(features, code)
        return features

    def _enlarged(self, cells: Tensor) -> Tensor:
        """(B, width, H, W)."""
        for up in self.up:
            cells = up(cells)
        return cells


class AntialiasedResNetGenerator(StochasticResNetGenerator):
    """The same weights, blurred before every stride and enlarged bilinearly."""

    antialiased = True
