"""Expected likelihoods: what cycle consistency is the limit of.

    NELL = E_{q*(x) q(z|x)}[-log p(x|z)]        NELP = E_{p*(z) p(x|z)}[-log q(z|x)]

For maps with a noise code, p(x|z) is an integral over it, and each term becomes the bound

    -log p(x|z) <= E_{h(xi|x,z)}[-log p(x|z,xi)] + KL[h(xi|x,z) || N(0, I)]

Tiao, Bonilla and Ramos (2018), equations 8 and 20; the bound is the usual evidence bound on the augmented
pair (x, xi), after Almahairi et al. (2018), https://arxiv.org/abs/1802.10151.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from torch import Tensor

Reduction = Literal["sum", "mean"]


class Density(Protocol):
    """A factorised conditional density: a picture's pixels, or a latent vector's coordinates."""

    @property
    def mean(self) -> Tensor: ...
    @property
    def scale(self) -> Tensor: ...
    def rsample(self, noise_scale: float | None = None) -> Tensor: ...
    def log_prob(self, value: Tensor) -> Tensor: ...
    def entropy(self) -> Tensor: ...
    def detach(self) -> Self: ...


@dataclass(frozen=True)
class Reconstruction:
    """A conditional density of the target under a posterior code. code_kl (B,), nats; zero without codes."""

    density: Density
    code_kl: Tensor


class Reconstructed(Protocol):
    """What `StochasticMap.reconstruct` gives, from whichever package: a Reconstruction's fields."""

    @property
    def density(self) -> Density: ...
    @property
    def code_kl(self) -> Tensor: ...


class StochasticMap(Protocol):
    """x = F(xi; z) or z = G(eps; x): the prior's code on a call, the posterior's code in `reconstruct`."""

    def __call__(self, source: Tensor) -> Density: ...
    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstructed: ...


class CodedMap(StochasticMap, Protocol):
    """A map whose code can be kept: drawn apart, and inferred from what the map has drawn under it."""

    def __call__(self, source: Tensor, code: Tensor | None = None) -> Density: ...
    def draw_code(self, source: Tensor) -> Tensor:
        """(B, k) of the prior N(0, I)."""

    def infer_code(self, target: Tensor, source: Tensor) -> Tensor:
        """(B, k), the mean of h(code | target, source)."""


def negative_log_likelihood(density: Density, target: Tensor, reduction: Reduction) -> Tensor:
    """A scalar: nats per sample ("sum" over dimensions, the paper) or per dimension ("mean")."""
    nats = -density.log_prob(target).flatten(1)
    return (nats.sum(1) if reduction == "sum" else nats.mean(1)).mean()


IMPLIED_SCALES: dict[str, Callable[[float, float], float]] = {
    "laplace": lambda scale, tempering: scale * tempering,
    "normal": lambda scale, tempering: scale * tempering**0.5,
}


def implied_scale(density: str, scale: float, weight: float, dimensions: int) -> float:
    """The scale whose summed likelihood has the gradient of `weight` times the averaged one.

    CycleGAN's lambda = 10 on 256 x 256 x 3 pixels in [-1, 1] is a Laplace of b = 19660.8: very tempered.
    """
    return IMPLIED_SCALES[density](scale, dimensions / weight)


def implied_code_weight(code: float, likelihood: float, dimensions: int) -> float:
    """What a code's KL of weight `code` counts for beside a summed likelihood of weight 1 and the same scale.

    In the bound it counts for 1. `likelihood` is the weight of an averaged one; `dimensions` as above.
    """
    return code * dimensions / likelihood
