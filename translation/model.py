"""A translation model: both directions of one domain pair, x = F(xi; z) and z = G(eps; x).

The first domain is x, the observed one, the second z, the latent one whose samples are the implicit prior.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from translation.distributions import Distribution, Normal
from translation.generators.noise import NoiseEncoder, kl_from_standard_normal
from translation.generators.painting import Painting


class UnknownDomain(ValueError):
    """The model does not translate to a domain of this name: it has no such domain, or translates only
    from it."""


class NoCode(ValueError):
    """A code is to be inferred by a map that has none."""


@dataclass(frozen=True)
class Reconstruction:
    """The target's density under a code drawn from h(code | target, source); code_kl (B,) nats."""

    density: Distribution
    code_kl: Tensor


class StochasticMap(nn.Module):
    """p(target | source): a generator, its code's prior N(0, I) and posterior h(code | target, source)."""

    def __init__(self, generator: nn.Module, noise: NoiseEncoder | None, code_size: int) -> None:
        super().__init__()
        self.generator = generator
        self.noise = noise
        self.code_size = code_size

    def forward(self, source: Tensor, code: Tensor | None = None) -> Distribution:
        """source (B, 3, H, W) in [-1, 1]; code (B, code_size), drawn from the prior when absent."""
        density: Distribution = self.generator(source, self.draw_code(source) if code is None else code)
        return density

    def draw_code(self, source: Tensor) -> Tensor:
        """(B, code_size), one of the prior for each picture."""
        return torch.randn(len(source), self.code_size, device=source.device)

    def infer_code(self, target: Tensor, source: Tensor) -> Tensor:
        """(B, code_size): the mean of h(code | target, source), both (B, 3, H, W). Raises NoCode."""
        if self.noise is None:
            raise NoCode("a map without a noise code has none to infer")
        posterior: Normal = self.noise(target, source)
        return posterior.mean

    def paint(self, source: Tensor, code: Tensor) -> Painting:
        """The mean of the density before it is blended with the source; shapes as in a call."""
        painting: Painting = self.generator.paint(source, code)  # type: ignore[operator]
        return painting

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        """The pieces of the bound on -log p(target | source), both (B, 3, H, W)."""
        if self.noise is None:
            return Reconstruction(self(source), target.new_zeros(len(target)))
        posterior = self.noise(target, source)
        return Reconstruction(self(source, posterior.rsample()), kl_from_standard_normal(posterior))


class TranslationModel(nn.Module):
    """The maps of a domain pair; domains are (observed, latent). One that goes one way goes to the latent."""

    def __init__(
        self, domains: tuple[str, str], x_given_z: StochasticMap | None, z_given_x: StochasticMap
    ) -> None:
        super().__init__()
        self.domains = domains
        self.code_size = z_given_x.code_size
        self.x_given_z = x_given_z
        self.z_given_x = z_given_x

    @property
    def targets(self) -> tuple[str, ...]:
        """The domains that it translates to."""
        return self.domains if self.x_given_z is not None else self.domains[1:]

    def conditional(self, to: str) -> StochasticMap:
        """The map that makes pictures of domain `to`. Raises UnknownDomain."""
        if to == self.domains[0] and self.x_given_z is not None:
            return self.x_given_z
        if to == self.domains[1]:
            return self.z_given_x
        raise UnknownDomain(self._refusal(to))

    def source_of(self, to: str) -> str:
        """The domain that is translated to `to`. Raises UnknownDomain."""
        if to not in self.targets:
            raise UnknownDomain(self._refusal(to))
        observed, latent = self.domains
        return latent if to == observed else observed

    def _refusal(self, to: str) -> str:
        if to in self.domains:
            return f"this model translates {self.domains[0]} to {self.domains[1]}, not the other way"
        return f"no domain named {to!r}; this model translates to {' and '.join(self.targets)}"


class DensityRatios(nn.Module):
    """Log-ratio networks: `latent` judges z given x, `observed` judges x given z."""

    def __init__(self, latent: nn.Module, observed: nn.Module) -> None:
        super().__init__()
        self.latent = latent
        self.observed = observed


def draw_code(seed: int, index: int, size: int, temperature: float = 1.0) -> Tensor:
    """(size,) float32: temperature * N(0, I), a function of (seed, index) alone, on every machine alike.

    Drawn on the CPU, so that neither the device nor other requests in a batch change it; index counts
    the samples of one request, seed is 0 to 2^63 - 1. Temperature 0 is the mean image's code.
    """
    stream = int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:8], "big") >> 1
    generator = torch.Generator().manual_seed(stream)
    noise = torch.randn(size, generator=generator, dtype=torch.float64)  # in float32 it depends on the CPU
    return temperature * noise.float()
