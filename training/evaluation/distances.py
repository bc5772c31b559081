"""Distances between two sets of pictures, by their features a (n, D) and b (m, D).

    FD  = |mean_a - mean_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))          Heusel et al. (2017)
    MMD^2, unbiased, of k(u, v) = (u . v / D + 1)^3                          Binkowski et al. (2018)

FD is biased upwards for few pictures, the more the fewer, so compare only figures of the same n and m; the
kernel distance is not. With A and B the centred features over (n - 1)^(1/2), C_a = A^T A, and the trace of
the root is the sum of the singular values of A B^T: exact for any n and D, where the root of a product of
covariances of low rank is not.
"""

import math
from dataclasses import dataclass

import numpy as np

from training.evaluation.features import Array

SUBSETS = 100
SUBSET_SIZE = 100
LARGER = 1.2  # than a subset a set is to be: by then their spread is that of figures of fresh sets


@dataclass(frozen=True)
class KernelDistance:
    """Mean and standard deviation over subsets; NaN for the latter where subsets are all but the whole set,
    and so alike that their spread says nothing of other pictures'."""

    mean: float
    std: float


def frechet_distance(a: Array, b: Array) -> float:
    root_a, root_b = _root(a), _root(b)
    between = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    means = np.square(a.mean(0) - b.mean(0)).sum()
    return float(means + np.square(root_a).sum() + np.square(root_b).sum() - 2 * between)


def kernel_distance(a: Array, b: Array, subsets: int = SUBSETS, size: int = SUBSET_SIZE) -> KernelDistance:
    """Over `subsets` draws of `size` of each set, or of as many as the smaller one has; not scaled by 100."""
    generator, size = np.random.default_rng(0), min(size, len(a), len(b))
    if size == len(a) == len(b):
        return KernelDistance(squared_mmd(a, b), math.nan)
    values = [
        squared_mmd(a[generator.choice(len(a), size, False)], b[generator.choice(len(b), size, False)])
        for _ in range(subsets)
    ]
    told = min(len(a), len(b)) >= LARGER * size
    return KernelDistance(float(np.mean(values)), float(np.std(values)) if told else math.nan)


def squared_mmd(a: Array, b: Array) -> float:
    """Unbiased: 0 in expectation for two samples of one distribution, so that it may be negative."""
    within = _mean_off_diagonal(_kernel(a, a)) + _mean_off_diagonal(_kernel(b, b))
    return float(within - 2 * _kernel(a, b).mean())


def top1_share(logits: Array, index: int) -> float:
    """The share of the rows whose largest logit is the class at `index`."""
    return float((logits.argmax(1) == index).mean())


def _root(features: Array) -> Array:
    """R with R^T R the covariance, of at most as many rows as columns."""
    centred = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r"))


def _kernel(a: Array, b: Array) -> Array:
    return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)


def _mean_off_diagonal(kernel: Array) -> float:
    return float((kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)))
