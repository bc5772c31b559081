"""A bridge where the structured ratio is blind: a prior N(0, 1), narrow posteriors far out in its tail."""

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES
from training.objective.joints import Joint
from training.objective.ratios import BridgedRatio, StructuredRatio
from translation.distributions import Normal

WIDTH = 0.01
BRIDGE = torch.distributions.MultivariateNormal(torch.zeros(1), 4 * torch.eye(1))
GRID = torch.linspace(-2, 2, 41)[:, None]


class Quadratic(nn.Module):
    """c + b z + a z^2, from a density that is much too wide."""

    def __init__(self) -> None:
        super().__init__()
        self.coefficients = nn.Parameter(torch.tensor([-3.0, 0.0, -0.02]))

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([torch.ones_like(z), z, z.square()], dim=1) @ self.coefficients


def posterior(x: Tensor) -> Normal:
    return Normal(x, torch.tensor(WIDTH))


def joint(count: int, generator: torch.Generator) -> Joint:
    x = 5 + 0.1 * torch.randn(count, 1, generator=generator)
    density = posterior(x)
    drawn = density.mean + WIDTH * torch.randn(count, 1, generator=generator)
    return Joint(x, drawn, drawn, density)


def learned(ratio: StructuredRatio) -> Tensor:
    """s on the grid, less the truth."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(ratio.parameters(), 3e-2)
    for _ in range(400):
        optimiser.zero_grad()
        reference = torch.randn(512, 1, generator=generator)
        ratio.loss(DIVERGENCES["gan"], joint(512, generator), reference).backward()
        optimiser.step()
    truth = torch.distributions.Normal(0.0, 1.0).log_prob(GRID).squeeze(1)
    return (ratio.log_reference(GRID) - truth).detach()


def test_the_bridge_finds_the_prior_wherever_the_posteriors_lie() -> None:
    bridged = learned(BridgedRatio(Quadratic(), posterior, BRIDGE))
    structured = learned(StructuredRatio(Quadratic(), posterior))
    assert bridged.abs().max() < 0.25  # nats
    assert structured.abs().max() > 1


def test_the_ratio_is_the_posterior_over_the_learned_prior() -> None:
    pairs = joint(64, torch.Generator().manual_seed(2))
    bridged = BridgedRatio(Quadratic(), posterior, BRIDGE)
    structured = StructuredRatio(bridged.log_reference, posterior)
    torch.testing.assert_close(bridged(pairs.judged, pairs.given), structured(pairs.judged, pairs.given))
    torch.testing.assert_close(bridged.charge(pairs), structured.charge(pairs))


@pytest.mark.parametrize("name", DIVERGENCES)
def test_its_loss_is_the_bound_on_the_bridge_whatever_the_posterior_draws(name: str) -> None:
    bridged, reference = BridgedRatio(Quadratic(), posterior, BRIDGE), torch.randn(64, 1)
    losses = []
    for seed in (3, 4):
        torch.manual_seed(5)
        losses.append(
            bridged.loss(DIVERGENCES[name], joint(64, torch.Generator().manual_seed(seed)), reference)
        )
    torch.manual_seed(5)
    drawn = BRIDGE.sample((64,))
    log_ratios = [BRIDGE.log_prob(z) - bridged.log_reference(z) for z in (drawn, reference)]
    torch.testing.assert_close(losses, 2 * [-DIVERGENCES[name].bound(*log_ratios)])
