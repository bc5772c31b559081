import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from training.experiments.banana import Banana

BANANA = Banana()


@dataclass(frozen=True)
class NormalCase:
    mean: tuple[float, float]
    variance: tuple[float, float]
    kl: float


NORMALS = {
    "on the ridge": NormalCase((0, -1), (0.01, 0.01), 2.54532130),
    "right arm": NormalCase((1, -1), (0.04, 0.09), 1.91510029),
    "left arm": NormalCase((-1.5, -4), (0.1, 0.2), 13.17667544),
    "broad": NormalCase((0.5, -0.75), (0.25, 0.05), 1.56552341),
}
each_normal = pytest.mark.parametrize("case", NORMALS.values(), ids=NORMALS)


def expectation_nodes(case: NormalCase) -> tuple[Tensor, Tensor]:
    """Points (144, 2) and weights (144,) with which the mean of a polynomial to degree 23 is exact."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    pairs = torch.cartesian_prod(torch.from_numpy(nodes), torch.from_numpy(nodes))
    products = torch.cartesian_prod(torch.from_numpy(weights), torch.from_numpy(weights)).prod(1)
    points = torch.tensor(case.mean) + torch.tensor(case.variance, dtype=torch.double).sqrt() * pairs
    return points, products / (2 * math.pi)


@each_normal
def test_divergence_of_a_normal_has_its_closed_form(case: NormalCase) -> None:
    mean, variance = torch.tensor([case.mean, case.variance], dtype=torch.double)
    assert BANANA.kl_from_normal(mean, variance.sqrt()).item() == pytest.approx(case.kl, abs=1e-8)


@each_normal
def test_density_agrees_with_the_divergence(case: NormalCase) -> None:
    points, weights = expectation_nodes(case)
    negative_entropy = -math.log(2 * math.pi * math.e) - 0.5 * math.log(math.prod(case.variance))
    kl = negative_entropy - weights @ BANANA.log_prob(points)
    assert kl.item() == pytest.approx(case.kl, abs=1e-8)


def test_bending_keeps_volume() -> None:
    y = torch.randn(100, 2, dtype=torch.double)
    z = torch.stack([y[:, 0], y[:, 1] - y[:, 0].square() - 1], dim=1)
    covariance = torch.tensor([[1, 0.95], [0.95, 1]], dtype=torch.double)
    gaussian = torch.distributions.MultivariateNormal(torch.zeros(2, dtype=torch.double), covariance)
    torch.testing.assert_close(BANANA.log_prob(z), gaussian.log_prob(y))


def test_samples_have_the_moments_and_the_entropy_of_the_density() -> None:
    z = BANANA.sample(1_000_000, torch.Generator().manual_seed(0)).double()
    assert BANANA.mean.tolist() == [0, -2]
    assert BANANA.variance.tolist() == [1, 3]
    assert BANANA.entropy == pytest.approx(1.67392562, abs=1e-8)
    torch.testing.assert_close(z.mean(0), BANANA.mean.double(), atol=0.01, rtol=0)
    torch.testing.assert_close(z.var(0), BANANA.variance.double(), atol=0.03, rtol=0)
    assert z.T.cov()[0, 1].item() == pytest.approx(0.95, abs=0.01)
    assert -BANANA.log_prob(z).mean().item() == pytest.approx(BANANA.entropy, abs=0.005)
