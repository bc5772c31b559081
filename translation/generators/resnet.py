"""x = F(xi; z) with xi ~ N(0, I): a picture's conditional density, given a picture of the other domain.

With a copy gate the mean is a blend, gate * painted + (1 - gate) * source, pixel by pixel, so that what need
not change is copied rather than learned to be copied: the attention masks of Mejjati et al. (2018),
https://arxiv.org/abs/1806.02311, in one network.

What a gate hides is taught by nothing, and a sigmoid that is shut has next to no slope: it opens late, or,
where other codes and pixels pull harder at the same weights, not at all. With a floor,
gate = floor + (1 - floor) sigmoid, some of the painting is always seen and always learns; copying stays
possible, by painting the source. The other side is no dead end: the painting can learn whatever is copied.
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
    `copy_gate` every pixel is painted, as by Zhu et al. (2017); `gate_floor`, in [0, 1), is the least share
    of the painting that a gate shows.
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
        gate_floor: float = 0.0,
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
        self.gate_floor = gate_floor
        self.head = nn.Conv2d(width, 4 if copy_gate else 3, 7, padding=3, padding_mode="reflect")
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.scale = SCALES[scale](width, 3, initial_scale)

    def forward(self, source: Tensor, code: Tensor) -> Distribution:
        """source (B, 3, H, W) in [-1, 1], H and W at least 8; code (B, code_size).

        The density's mean is (B, 3, H, W) in [-1, 1], float32.
        """
        features = self._features(pad_to_multiple(source, self.stride), code)
        painting, scale = self._painting(features, source), self.scale(features)
        height, width = source.shape[-2:]
        return self.distribution(
            torch.lerp(source.float(), painting.colour, painting.gate),
            scale[..., :height, :width] if scale.ndim else scale,
        )

    def paint(self, source: Tensor, code: Tensor) -> Painting:
        """What `forward` blends into the mean, apart: a larger source can take the same painting."""
        return self._painting(self._features(pad_to_multiple(source, self.stride), code), source)

    def _painting(self, features: Tensor, source: Tensor) -> Painting:
        height, width = source.shape[-2:]
        painted = self.head(features)[..., :height, :width].float()
        colour = torch.tanh(painted[:, :3])
        if not self.copy_gate:
            return Painting(colour, torch.ones_like(colour[:, :1]))
        return Painting(colour, self.gate_floor + (1 - self.gate_floor) * torch.sigmoid(painted[:, 3:]))

    def _features(self, source: Tensor, code: Tensor) -> Tensor:
        features = F.relu(instance_norm(self.stem(source)))
        for down in self.down:
            features = F.relu(instance_norm(down(blur(features) if self.antialiased else features)))
        for block in self.blocks:
            features = block(features, code)
        for up in self.up:
            features = up(features)
        return features


class AntialiasedResNetGenerator(StochasticResNetGenerator):
    """The same weights, blurred before every stride and enlarged bilinearly."""

    antialiased = True
