"""The prescribed output densities p(x | z) and q(z | x). The location is the picture, the scale its
uncertainty.

    Normal    log p(v) = -(v - mean)^2 / (2 scale^2) - log scale - log(2 pi) / 2
    Laplace   log p(v) = -|v - mean| / scale - log(2 scale)

Tiao, Bonilla and Ramos (2018), section 3: both are reparameterised, v = mean + scale * noise.
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Distribution(Protocol):
    """A factorised density over tensors. Shapes: mean (B, ...), scale broadcastable to it, positive."""

    @property
    def mean(self) -> Tensor: ...
    @property
    def scale(self) -> Tensor: ...
    def rsample(self, noise_scale: float | None = None, generator: torch.Generator | None = None) -> Tensor:
        """(B, ...), float32 or wider. `noise_scale` replaces the density's own scale; 0 gives the mean."""

    def log_prob(self, value: Tensor) -> Tensor:
        """(B, ...): nats per element, not summed."""

    def entropy(self) -> Tensor:
        """(B, ...): nats per element, analytic."""

    def detach(self) -> Self:
        """The same density without a graph."""


@dataclass(frozen=True)
class _LocationScale:
    mean: Tensor
    scale: Tensor

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        """Noise of location 0 and scale 1, of the shape and on the device of `like`."""
        raise NotImplementedError

    def detach(self) -> Self:
        return type(self)(self.mean.detach(), self.scale.detach())

    def rsample(self, noise_scale: float | None = None, generator: torch.Generator | None = None) -> Tensor:
        mean = self.mean.to(torch.promote_types(self.mean.dtype, torch.float32))
        if noise_scale == 0:
            return mean
        scale = self.scale if noise_scale is None else noise_scale
        return mean + scale * self.standard_noise(mean, generator)


@dataclass(frozen=True)
class Normal(_LocationScale):
    """N(mean, scale^2)."""

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        return torch.randn(like.shape, dtype=like.dtype, device=like.device, generator=generator)

    def log_prob(self, value: Tensor) -> Tensor:
        standardised = (value - self.mean) / self.scale
        return -0.5 * standardised.square() - self.scale.log() - 0.5 * math.log(2 * math.pi)

    def entropy(self) -> Tensor:
        return (self.scale.log() + 0.5 * math.log(2 * math.pi * math.e)).expand_as(self.mean)


@dataclass(frozen=True)
class Laplace(_LocationScale):
    """Laplace(mean, scale); variance 2 scale^2."""

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        # two exponentials: a uniform draw's end is an infinite Laplace, and no rare one in bfloat16
        both = torch.empty((2, *like.shape), dtype=like.dtype, device=like.device)
        right, left = both.exponential_(generator=generator).unbind()
        return right - left

    def log_prob(self, value: Tensor) -> Tensor:
        return -(value - self.mean).abs() / self.scale - (2 * self.scale).log()

    def entropy(self) -> Tensor:
        return ((2 * self.scale).log() + 1).expand_as(self.mean)


DISTRIBUTIONS: dict[str, type[Normal] | type[Laplace]] = {"normal": Normal, "laplace": Laplace}
DistributionName = Literal["normal", "laplace"]
ScaleName = Literal["fixed", "learned", "per-pixel"]


class FixedScale(nn.Module):
    """One number, not trained."""

    value: Tensor

    def __init__(self, features: int, channels: int, initial: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.tensor(float(initial)))

    def forward(self, features: Tensor) -> Tensor:
        return self.value


class LearnedScale(nn.Module):
    """One trained number for all pixels."""

    def __init__(self, features: int, channels: int, initial: float) -> None:
        super().__init__()
        self.log_value = nn.Parameter(torch.tensor(math.log(initial)))

    def forward(self, features: Tensor) -> Tensor:
        return self.log_value.exp()


class PixelScale(nn.Module):
    """A map (B, channels, H, W) computed from the generator's last features (B, features, H, W).

    It starts around `initial`, or at twice the floor where that is more.
    """

    floor = 1 / 255  # half a grey level: below it a density only rewards overconfidence

    def __init__(self, features: int, channels: int, initial: float) -> None:
        super().__init__()
        self.head = nn.Conv2d(features, channels, 3, padding=1, padding_mode="reflect")
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, math.log(math.expm1(max(initial - self.floor, self.floor))))  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return F.softplus(self.head(features.to(self.head.weight.dtype))) + self.floor


SCALES: dict[str, type[FixedScale] | type[LearnedScale] | type[PixelScale]] = {
    "fixed": FixedScale,
    "learned": LearnedScale,
    "per-pixel": PixelScale,
}
