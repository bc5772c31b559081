"""The networks: one encoder and one decoder size for all methods, and what the ratios learn by.

    p(x|z) = N(x; mu(z), tau^2 I)      q(z|x) = N(z; m(x), diag t(x)^2)      AVB: z = m(x, noise), no density

Latents are standardised by the moments of the prior's samples where they enter and leave a network.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.experiments.mnist.digits import PIXELS
from training.objective.likelihoods import Reconstruction
from translation.distributions import Normal

LATENT = 2
BENT = 8
IMPLICIT_NOISE = 16
IMPLICIT_MEAN_DRAWS = 16
SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class Moments:
    """Mean (2,) and covariance (2, 2) of the prior's samples."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, samples: Tensor) -> "Moments":
        return cls(samples.mean(0), samples.T.cov())


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, outputs)
    )


class Standardised(nn.Module):
    """Holds the prior's mean and standard deviations, (2,) each."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self.register_buffer("mean", moments.mean)
        self.register_buffer("deviation", moments.covariance.diagonal().sqrt())

    def enter(self, z: Tensor) -> Tensor:
        return (z - self.mean) / self.deviation

    def leave(self, network_output: Tensor) -> Tensor:
        return self.mean + self.deviation * network_output


class Map(nn.Module):
    """A conditional density without codes: a StochasticMap of the objective."""

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        density: Normal = self(source)
        return Reconstruction(density, target.new_zeros(len(target)))


class Decoder(Map):
    """p(x|z): (B, 2) -> Normal over (B, 784), its scale tau fixed."""

    scale: Tensor

    def __init__(self, moments: Moments, hidden: int, scale: float) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.network = mlp(LATENT, hidden, PIXELS)
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, z: Tensor) -> Normal:
        return Normal(self.network(self.latent.enter(z)).sigmoid(), self.scale)


class Encoder(Map):
    """q(z|x): (B, 784) -> Normal over (B, 2), its scale t(x) learned, one per coordinate."""

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.network = mlp(PIXELS, hidden, 2 * LATENT)

    def forward(self, x: Tensor) -> Normal:
        location, scale = self.network(x).chunk(2, dim=1)
        return Normal(self.latent.leave(location), self.latent.deviation * F.softplus(scale) + SMALLEST_SCALE)

    def mean(self, x: Tensor) -> Tensor:
        return self.forward(x).mean

    def sample(self, x: Tensor) -> Tensor:
        return self.forward(x).rsample()


class ImplicitEncoder(nn.Module):
    """z = m(x, noise): (B, 784) -> samples (B, 2) of a posterior without a density."""

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.network = mlp(PIXELS + IMPLICIT_NOISE, hidden, LATENT)

    def sample(self, x: Tensor) -> Tensor:
        noise = x.new_empty(len(x), IMPLICIT_NOISE).normal_()
        return self.latent.leave(self.network(torch.cat([x, noise], dim=1)))

    def mean(self, x: Tensor) -> Tensor:
        """Over a number of draws: the posterior is known by its samples alone."""
        return torch.stack([self.sample(x) for _ in range(IMPLICIT_MEAN_DRAWS)]).mean(0)


class LatentModel(nn.Module):
    """p(x|z), and q(z|x) by its samples and its mean."""

    def __init__(self, encoder: Encoder | ImplicitEncoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder


class LogPrior(nn.Module):
    """s(z) ~ log p*(z) up to a constant that is learned: a Gaussian bent by a network, -|phi(z)|^2 / 2 + c.

    A classifier saturates where the prior has no samples, so a plain network's slope there is anything, and
    posteriors may settle far outside. Squared, what phi learns on the samples goes on to grow outside them.
    At the start phi is the whitening of the samples' moments, with directions to spare.
    """

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.gaussian = MomentGaussian(moments)
        self.network = mlp(LATENT, hidden, BENT)
        nn.init.normal_(self.network[-1].weight, std=1e-3)  # type: ignore[arg-type]
        self.constant = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        """(B, 2) -> (B,), nats."""
        bent = self.network(self.latent.enter(z)) + F.pad(self.gaussian.whiten(z), (0, BENT - LATENT))
        log_density: Tensor = self.gaussian.log_normaliser + self.constant - 0.5 * bent.square().sum(1)
        return log_density


class MomentGaussian(nn.Module):
    """log N(z; moments)."""

    mean: Tensor
    whitening: Tensor
    log_normaliser: Tensor

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        factor = torch.linalg.cholesky(moments.covariance)
        self.register_buffer("mean", moments.mean)
        self.register_buffer("whitening", torch.linalg.inv(factor))
        self.register_buffer("log_normaliser", -factor.diagonal().log().sum() - math.log(2 * math.pi))

    def forward(self, z: Tensor) -> Tensor:
        """(B, 2) -> (B,), nats."""
        return self.log_normaliser - 0.5 * self.whiten(z).square().sum(1)

    def whiten(self, z: Tensor) -> Tensor:
        """(B, 2) -> (B, 2), of unit covariance where z has these moments."""
        return (z - self.mean) @ self.whitening.T


class PairRatio(nn.Module):
    """log r of an observation and a latent: (B, 784), (B, 2) -> (B,), nats."""

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.network = mlp(PIXELS + LATENT, hidden, 1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        log_ratio: Tensor = self.network(torch.cat([x, self.latent.enter(z)], dim=1)).squeeze(1)
        return log_ratio


class MarginalRatio(nn.Module):
    """log q(z) / p*(z): (B, 2) -> (B,), nats."""

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.latent = Standardised(moments)
        self.network = mlp(LATENT, hidden, 1)

    def forward(self, z: Tensor) -> Tensor:
        log_ratio: Tensor = self.network(self.latent.enter(z)).squeeze(1)
        return log_ratio


class Adversary(nn.Module):
    """AVB's T(z; x): a network, less the Gaussian of the prior samples' moments, as LogPrior has it."""

    def __init__(self, moments: Moments, hidden: int) -> None:
        super().__init__()
        self.pair = PairRatio(moments, hidden)
        self.gaussian = MomentGaussian(moments)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        """(B, 2), (B, 784) -> (B,), nats."""
        log_ratio: Tensor = self.pair(x, z) - self.gaussian(z)
        return log_ratio
