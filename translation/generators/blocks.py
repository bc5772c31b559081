"""Layers of the generators. No convolution before an instance norm has a bias: the norm would remove it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from translation.normalisation import instance_norm


class ConditionalInstanceNorm(nn.Module):
    """Instance norm whose gain and shift are affine in the noise code: (B, C, H, W), (B, k) -> (B, C, H, W).

    The way in for noise of Almahairi et al. (2018), https://arxiv.org/abs/1802.10151. The code's
    influence starts small; with k = 0 this is a plain instance norm without parameters.
    """

    def __init__(self, channels: int, code_size: int) -> None:
        super().__init__()
        self.affine = nn.Linear(code_size, 2 * channels) if code_size else None
        if self.affine is not None:
            nn.init.normal_(self.affine.weight, std=0.02)
            nn.init.zeros_(self.affine.bias)

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        if self.affine is None:
            return instance_norm(features)
        gain, shift = self.affine(code).chunk(2, dim=1)
        return instance_norm(features, gain, shift)


class ResidualBlock(nn.Module):
    """Johnson et al. (2016), https://arxiv.org/abs/1603.08155, with the code at both norms.

    With `recomputes` the block keeps its input alone for the backward pass, and computes the rest once more
    there: Chen et al. (2016), https://arxiv.org/abs/1604.06174.
    """

    recomputes = False

    def __init__(self, channels: int, code_size: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.first_norm = ConditionalInstanceNorm(channels, code_size)
        self.second = convolution(channels, channels)
        self.second_norm = ConditionalInstanceNorm(channels, code_size)

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        if self.recomputes and torch.is_grad_enabled():
            found: Tensor = checkpoint(
                self._features, features, code, use_reentrant=False, preserve_rng_state=False
            )
            return found
        return self._features(features, code)

    def _features(self, features: Tensor, code: Tensor) -> Tensor:
        hidden = F.relu(self.first_norm(self.first(features), code))
        change: Tensor = self.second_norm(self.second(hidden), code)
        return features + change


class Upsample(nn.Module):
    """Nearest neighbour, then a convolution: (B, C, H, W) -> (B, C', 2 H, 2 W).

    Transposed convolutions leave a checkerboard: Odena et al. (2016), https://distill.pub/2016/deconv-checkerboard.
    `antialiased`: bilinear in place of nearest neighbour, whose blocks are left to the convolution to smooth.
    """

    def __init__(self, channels: int, out_channels: int, antialiased: bool = False) -> None:
        super().__init__()
        self.mode = "bilinear" if antialiased else "nearest"
        self.convolution = convolution(channels, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        enlarged: Tensor = self.convolution(F.interpolate(features, scale_factor=2.0, mode=self.mode))
        return F.relu(instance_norm(enlarged))


def convolution(channels: int, out_channels: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """Reflection-padded, to be followed by a norm; weights N(0, .02) as Zhu et al. (2017)."""
    layer = nn.Conv2d(
        channels, out_channels, size, stride, padding=size // 2, padding_mode="reflect", bias=False
    )
    nn.init.normal_(layer.weight, std=0.02)
    return layer


def pad_to_multiple(images: Tensor, side: int) -> Tensor:
    """(B, C, H, W), mirrored at the right and at the bottom until both sides are multiples of `side`."""
    bottom, right = (-length % side for length in images.shape[-2:])
    return F.pad(images, (0, right, 0, bottom), mode="reflect")  # by 0 as well: an export has no sizes to ask
