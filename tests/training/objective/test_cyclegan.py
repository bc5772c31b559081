"""CycleGAN is a special case of the objective: losses, gradients and weights agree.

Zhu et al. (2017) is written here a second time, plainly. The output of a discriminator is large where all is
real: D itself in least squares, which they take, a logit in cross entropy.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.objective.likelihoods import Reconstruction, Reduction
from training.objective.presets import PRESETS, Preset
from training.objective.ratios import TwoHeadRatio, frozen
from training.objective.sjmvi import SJMVI, Maps, Ratios, Weights
from translation.distributions import Laplace, Normal

CYCLE_WEIGHT = 10.0
X_SHAPE, Z_SHAPE = (3, 8, 8), (1, 8, 8)  # unlike, so that nothing passes with x and z confused
X_SIZE, Z_SIZE = math.prod(X_SHAPE), math.prod(Z_SHAPE)


def generator(source: int, target: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(source, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, target, 3, padding=1), nn.Tanh()
    )


def discriminator(channels: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, 6, 4, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(6, 1, 2))


class Networks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.x_of_z, self.z_of_x = generator(Z_SHAPE[0], X_SHAPE[0]), generator(X_SHAPE[0], Z_SHAPE[0])
        self.judge_x, self.judge_z = discriminator(X_SHAPE[0]), discriminator(Z_SHAPE[0])
        self.double()


class Optimisers:
    def __init__(self, networks: Networks) -> None:
        generators = nn.ModuleList([networks.x_of_z, networks.z_of_x])
        judges = nn.ModuleList([networks.judge_x, networks.judge_z])
        self.generators = torch.optim.Adam(generators.parameters(), 2e-3, betas=(0.5, 0.999))
        self.judges = torch.optim.Adam(judges.parameters(), 2e-3, betas=(0.5, 0.999))


@dataclass(frozen=True)
class Losses:
    generators: float
    judges: float


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


# Zhu et al.

Adversarial = Callable[[Tensor, float], Tensor]


def least_squares(judged: Tensor, target: float) -> Tensor:
    return F.mse_loss(judged, torch.full_like(judged, target))


def cross_entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


@dataclass(frozen=True)
class CycleGAN:
    adversarial: Adversarial
    distance: Callable[[Tensor, Tensor], Tensor]

    def step(self, networks: Networks, optimisers: Optimisers, x: Tensor, z: Tensor) -> Losses:
        fake_x, fake_z = networks.x_of_z(z), networks.z_of_x(x)
        fooling = self.adversarial(networks.judge_x(fake_x), 1) + self.adversarial(
            networks.judge_z(fake_z), 1
        )
        cycle_x = self.distance(networks.x_of_z(fake_z), x)
        cycle_z = self.distance(networks.z_of_x(fake_x), z)
        generators = descend(optimisers.generators, fooling + CYCLE_WEIGHT * (cycle_x + cycle_z))
        on_x, on_z = self.judge(networks.judge_x, x, fake_x), self.judge(networks.judge_z, z, fake_z)
        return Losses(generators, descend(optimisers.judges, on_x + on_z))

    def judge(self, network: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        return (self.adversarial(network(real), 1) + self.adversarial(network(fake.detach()), 0)) / 2


# The objective, over the same networks


@dataclass(frozen=True)
class Map:
    """A network as a conditional density of one scale, without codes."""

    network: nn.Module
    density: type[Normal] | type[Laplace]
    scale: float

    def __call__(self, source: Tensor) -> Normal | Laplace:
        return self.density(self.network(source), torch.tensor(self.scale, dtype=source.dtype))

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), target.new_zeros(len(target)))


class BelowChance(nn.Module):
    """A CycleGAN discriminator as a ratio network. It has no heads: nobody may ask it for a source."""

    def __init__(self, judge: nn.Module, chance: float) -> None:
        super().__init__()
        self.judge = judge
        self.chance = chance

    def marginal(self, judged: Tensor) -> Tensor:
        return self.chance - self.judge(judged)


@dataclass(frozen=True)
class Likelihood:
    """-log p = gamma * distance + delta(gamma) for each dimension, at scale(gamma)."""

    density: type[Normal] | type[Laplace]
    distance: Callable[[Tensor, Tensor], Tensor]
    scale: Callable[[float], float]
    delta: Callable[[float], float]


LIKELIHOODS = {
    "laplace": Likelihood(Laplace, F.l1_loss, lambda gamma: 1 / gamma, lambda gamma: math.log(2 / gamma)),
    "normal": Likelihood(
        Normal, F.mse_loss, lambda gamma: (2 * gamma) ** -0.5, lambda gamma: 0.5 * math.log(math.pi / gamma)
    ),
}
VANILLA = replace(PRESETS["cyclegan"], divergence="gan", generator_loss="nonsat")
ADVERSARIES = {"lsgan": (least_squares, PRESETS["cyclegan"], 0.5), "vanilla": (cross_entropy, VANILLA, 0.0)}


@dataclass(frozen=True)
class SpecialCase:
    """The objective as CycleGAN; delta is the constant by which its maps' loss is larger."""

    objective: SJMVI
    maps: Maps
    ratios: Ratios
    delta: float

    def step(self, optimisers: Optimisers, x: Tensor, z: Tensor) -> Losses:
        draws = self.objective.draw(self.maps, x, z)
        with frozen(self.ratios.latent), frozen(self.ratios.observed):
            terms = self.objective.terms(self.maps, self.ratios, draws)
        generators = descend(optimisers.generators, self.objective.maps_loss(terms)) - self.delta
        return Losses(generators, descend(optimisers.judges, self.objective.ratio_loss(self.ratios, draws)))


def special_case(
    networks: Networks, preset: Preset, chance: float, likelihood: Likelihood, reduction: Reduction
) -> SpecialCase:
    """The cycle's weight is either in scales that temper a summed likelihood, or on an averaged one."""
    delta = likelihood.delta
    if reduction == "sum":
        weight, gamma_x, gamma_z = 1.0, CYCLE_WEIGHT / X_SIZE, CYCLE_WEIGHT / Z_SIZE
        constant = X_SIZE * delta(gamma_x) + Z_SIZE * delta(gamma_z)
    else:
        weight, gamma_x, gamma_z = CYCLE_WEIGHT, 1.0, 1.0
        constant = CYCLE_WEIGHT * (delta(gamma_x) + delta(gamma_z))
    ratio_z, ratio_x = (BelowChance(judge, chance) for judge in (networks.judge_z, networks.judge_x))
    return SpecialCase(
        preset.objective(Weights(nell=weight, nelp=weight), reduction),
        Maps(
            Map(networks.x_of_z, likelihood.density, likelihood.scale(gamma_x)),
            Map(networks.z_of_x, likelihood.density, likelihood.scale(gamma_z)),
        ),
        Ratios(TwoHeadRatio(ratio_z, preset.conditioning), TwoHeadRatio(ratio_x, preset.conditioning)),
        constant,
    )


@pytest.mark.parametrize("reduction", get_args(Reduction))
@pytest.mark.parametrize("likelihood", LIKELIHOODS.values(), ids=LIKELIHOODS)
@pytest.mark.parametrize(("adversarial", "preset", "chance"), ADVERSARIES.values(), ids=ADVERSARIES)
def test_special_case_trains_as_cyclegan_does(
    adversarial: Adversarial, preset: Preset, chance: float, likelihood: Likelihood, reduction: Reduction
) -> None:
    networks = Networks()
    twins = deepcopy(networks)
    optimisers, twin_optimisers = Optimisers(networks), Optimisers(twins)
    cyclegan = CycleGAN(adversarial, likelihood.distance)
    case = special_case(twins, preset, chance, likelihood, reduction)
    for _ in range(5):
        x, z = torch.randn(2, *X_SHAPE).double().tanh(), torch.randn(2, *Z_SHAPE).double().tanh()
        expected = cyclegan.step(networks, optimisers, x, z)
        losses = case.step(twin_optimisers, x, z)
        assert losses.generators == pytest.approx(expected.generators, abs=1e-9, rel=0)
        assert losses.judges == pytest.approx(expected.judges, abs=1e-9, rel=0)
        for parameter, twin in zip(networks.parameters(), twins.parameters(), strict=True):
            torch.testing.assert_close(twin.grad, parameter.grad, atol=1e-10, rtol=0)
            assert parameter.grad.abs().max() > 1e-6
    for parameter, twin in zip(networks.parameters(), twins.parameters(), strict=True):
        torch.testing.assert_close(twin, parameter, atol=1e-9, rtol=0)
