import math

import pytest
import torch

from training.objective.likelihoods import (
    Reduction,
    implied_code_weight,
    implied_scale,
    negative_log_likelihood,
)
from translation.distributions import DISTRIBUTIONS, Laplace, Normal


@pytest.mark.parametrize(("reduction", "dimensions"), [("sum", 12), ("mean", 1)])
def test_gaussian_likelihood_is_the_squared_error_at_its_weight(
    reduction: Reduction, dimensions: int
) -> None:
    mean, target = torch.randn(2, 5, 3, 2, 2, dtype=torch.double)
    tau = torch.tensor(0.7, dtype=torch.double)
    squared_error = (target - mean).square().mean()
    expected = dimensions * (squared_error / (2 * tau**2) + 0.5 * (2 * math.pi * tau**2).log())
    torch.testing.assert_close(negative_log_likelihood(Normal(mean, tau), target, reduction), expected)


@pytest.mark.parametrize(("reduction", "dimensions"), [("sum", 12), ("mean", 1)])
def test_laplace_likelihood_is_the_absolute_error_at_its_weight(
    reduction: Reduction, dimensions: int
) -> None:
    mean, target = torch.randn(2, 5, 3, 2, 2, dtype=torch.double)
    scale = torch.tensor(0.7, dtype=torch.double)
    expected = dimensions * ((target - mean).abs().mean() / scale + (2 * scale).log())
    torch.testing.assert_close(negative_log_likelihood(Laplace(mean, scale), target, reduction), expected)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_scale_of_the_errors_own_size_is_the_likeliest(name: str) -> None:
    error = torch.tensor([[0.1, 0.2, 0.4, 0.3]], dtype=torch.double)
    best = {"normal": error.square().mean().sqrt(), "laplace": error.mean()}[name]
    scale = best.clone().requires_grad_()
    density = DISTRIBUTIONS[name](torch.zeros_like(error), scale)
    (slope,) = torch.autograd.grad(negative_log_likelihood(density, error, "sum"), scale)
    assert slope.item() == pytest.approx(0, abs=1e-12)


def test_cyclegans_weight_implies_a_very_tempered_laplace() -> None:
    assert implied_scale("laplace", 1, 10, 256 * 256 * 3) == pytest.approx(19660.8)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_implied_scale_gives_the_summed_likelihood_the_weighted_ones_gradient(name: str) -> None:
    mean, target = torch.randn(2, 5, 12, dtype=torch.double)
    mean.requires_grad_()
    scale = torch.tensor([0.7, implied_scale(name, 0.7, 10, 12)], dtype=torch.double)
    weighted = 10 * negative_log_likelihood(DISTRIBUTIONS[name](mean, scale[0]), target, "mean")
    summed = negative_log_likelihood(DISTRIBUTIONS[name](mean, scale[1]), target, "sum")
    torch.testing.assert_close(torch.autograd.grad(summed, mean), torch.autograd.grad(weighted, mean))


def test_implied_code_weight_is_that_beside_a_summed_likelihood() -> None:
    assert implied_code_weight(1, 1, 128 * 128 * 3) == 49_152  # averaged and all 1
    averaged, summed, code = 4.2, 12 * 4.2, 7.0
    weighed = 10 * averaged + 0.3 * code
    assert weighed * 12 / 10 == pytest.approx(summed + implied_code_weight(0.3, 10, 12) * code)
