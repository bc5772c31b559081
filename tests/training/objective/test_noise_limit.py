"""How the cycle term reaches its limit without sampling noise:

    NELL(t) - NELL(0) = gamma t^2 (||J||_F^2 - <x - mu, Laplacian of mu>) + O(t^4)    gamma = 1 / (2 tau^2)

J and the Laplacian are the decoder mu's at the encoder's mean; tau, the likelihood's scale, stays finite.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from training.objective.joints import Sampling
from training.objective.likelihoods import negative_log_likelihood
from translation.distributions import Normal

TAU = torch.tensor(0.7, dtype=torch.double)
SIGN = torch.tensor([1.0, -1.0], dtype=torch.double)  # has a standard normal's moments to the third
SIGNS = torch.cartesian_prod(SIGN, SIGN)
MIXING = torch.tensor([[0.5, -1.2, 0.3], [0.8, 0.4, -0.9]], dtype=torch.double)  # (latent, observed)
OBSERVED = torch.tensor([[0.3, -0.6, 1.1], [-0.2, 0.9, 0.4], [1.3, 0.1, -0.7]], dtype=torch.double)


class SignNormal(Normal):
    """Its noise takes each pair of signs for each source."""

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        return SIGNS.repeat(len(like) // len(SIGNS), 1)


def encoder(x: Tensor) -> Normal:
    return SignNormal(x @ MIXING.T, TAU)


def linear(z: Tensor) -> Tensor:
    return z @ MIXING + 0.25


def curved(z: Tensor) -> Tensor:
    return torch.tanh(z @ MIXING) + 0.25


def gap(decoder: Callable[[Tensor], Tensor], noise: float) -> Tensor:
    """(NELL(noise) - NELL(0)) / gamma."""
    x = OBSERVED.repeat_interleave(len(SIGNS), dim=0)
    nell = [
        negative_log_likelihood(Normal(decoder(Sampling(t, "none").draw(encoder, x).drawn), TAU), x, "sum")
        for t in (noise, 0.0)
    ]
    return 2 * TAU.square() * (nell[0] - nell[1])


@pytest.mark.parametrize("noise", [0.05, 0.5, 2.0])
def test_noise_costs_a_linear_map_its_squared_norm_times_the_variance(noise: float) -> None:
    torch.testing.assert_close(gap(linear, noise), noise**2 * MIXING.square().sum())


def test_cost_of_noise_vanishes_quadratically() -> None:
    assert (gap(curved, 0.02) / gap(curved, 0.01)).item() == pytest.approx(4, abs=1e-3)
    assert (gap(linear, 0.02) / gap(linear, 0.01)).item() == pytest.approx(4, abs=1e-9)


def test_cost_of_noise_is_the_squared_slope_less_the_errors_pull_on_the_curvature() -> None:
    value = torch.tanh(encoder(OBSERVED).mean @ MIXING)
    squared_weights, slope = MIXING.square().sum(0), 1 - value.square()
    laplacian = -2 * value * slope * squared_weights
    error = OBSERVED - (value + 0.25)
    expected = (slope.square() * squared_weights - error * laplacian).sum(1).mean()
    torch.testing.assert_close(gap(curved, 0.001) / 0.001**2, expected, rtol=1e-5, atol=0)
