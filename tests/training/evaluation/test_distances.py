import math

import numpy as np
import pytest

from training.evaluation.distances import (
    frechet_distance,
    kernel_distance,
    squared_mmd,
    top1_share,
)
from training.evaluation.features import Array


def draws(count: int, mean: float, scale: float, seed: int, dimensions: int = 3) -> Array:
    return np.random.default_rng(seed).normal(mean, scale, (count, dimensions))


def with_moments(mean: Array, covariance: Array, seed: int, count: int = 40) -> Array:
    """Rows of exactly these moments."""
    rows = draws(count, 0, 1, seed, len(mean))
    centred = rows - rows.mean(0)
    whitened = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred, rowvar=False))).T
    return mean + whitened @ np.linalg.cholesky(covariance).T


def test_frechet_distance_is_that_of_the_gaussians_of_both_moments() -> None:
    """Of commuting covariances: |m_a - m_b|^2 and the squared differences of standard deviations."""
    a = with_moments(np.array([0.0, 1.0]), np.diag([4.0, 1.0]), seed=0)
    b = with_moments(np.array([3.0, 1.0]), np.diag([1.0, 9.0]), seed=1)
    assert frechet_distance(a, b) == pytest.approx(9 + 1 + 4)
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(14)


@pytest.mark.parametrize("dimensions", [2, 50], ids=["more rows", "more columns"])
def test_frechet_distance_is_zero_for_equal_sets_and_symmetric(dimensions: int) -> None:
    a, b = draws(20, 0, 1, 0, dimensions), draws(30, 1, 2, 1, dimensions)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a)) != pytest.approx(0)


def test_frechet_distance_agrees_with_the_root_of_the_product_of_covariances() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    a, b = draws(30, 0, 1, 0, 8), draws(40, 0.3, 2, 1, 8)
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(linalg.sqrtm(covariances[0] @ covariances[1]))
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(sum(covariances) - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_squared_mmd_is_the_sum_over_pairs_of_distinct_rows() -> None:
    a, b = draws(4, 0, 1, 0), draws(5, 1, 1, 1)

    def kernel(u: Array, v: Array) -> float:
        return float((u @ v / len(u) + 1) ** 3)

    within_a = np.mean([kernel(u, v) for i, u in enumerate(a) for j, v in enumerate(a) if i != j])
    within_b = np.mean([kernel(u, v) for i, u in enumerate(b) for j, v in enumerate(b) if i != j])
    between = np.mean([kernel(u, v) for u in a for v in b])
    assert squared_mmd(a, b) == pytest.approx(within_a + within_b - 2 * between)


def test_kernel_distance_of_one_distribution_is_zero_on_average() -> None:
    values = [squared_mmd(draws(30, 0, 1, seed), draws(30, 0, 1, 1000 + seed)) for seed in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(200)


def test_kernel_distance_over_subsets_is_near_that_of_all_rows() -> None:
    a, b = draws(150, 0, 1, 0), draws(160, 1, 1, 1)
    found = kernel_distance(a, b)
    assert found.mean == pytest.approx(squared_mmd(a, b), abs=found.std)
    assert found == kernel_distance(a, b)  # its draws are the same every time
    assert 0 < found.std < found.mean


def test_where_every_subset_is_nearly_the_whole_nothing_is_said_of_their_spread() -> None:
    a, b = draws(20, 0, 1, 0), draws(20, 1, 1, 1)
    assert math.isnan(kernel_distance(a, b).std)
    assert kernel_distance(a, b).mean == squared_mmd(a, b)
    assert math.isnan(kernel_distance(a, b[:19]).std)
    assert math.isnan(kernel_distance(a, b, size=17).std)


def test_what_is_said_of_their_spread_is_about_that_of_fresh_sets() -> None:
    found = [kernel_distance(draws(120, 0, 1, seed), draws(140, 1, 1, 1000 + seed)) for seed in range(30)]
    fresh, told = np.std([each.mean for each in found]), np.mean([each.std for each in found])
    assert fresh / 2 < told < 2 * fresh


def test_top1_is_the_share_of_rows_won_by_the_class() -> None:
    logits = np.array([[0.0, 2.0, 1.0], [3.0, 1.0, 2.0], [-3.0, -1.0, -2.0], [0.0, 5.0, 4.0]])
    assert [top1_share(logits, index) for index in range(3)] == [0.25, 0.75, 0]
