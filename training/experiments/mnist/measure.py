"""What is measured, on held-out data: reconstruction both ways, the objective's terms, and the latent space.

A low error of z -> x -> z alone can be had with posteriors far outside the prior, which no draw of the prior
ever visits. So the draws of the aggregate posterior, E_{q*(x)} q(z|x), are compared with the prior's:

    energy distance     2 E|a - b| - E|a - a'| - E|b - b'|      Szekely and Rizzo (2013)
    sliced Wasserstein  root mean square, over directions, of the 2-Wasserstein distance of the projections
"""

import math
from functools import cache

import torch
from torch import Tensor

from training.experiments.banana import Banana
from training.experiments.mnist.networks import Encoder, LatentModel
from training.objective.likelihoods import negative_log_likelihood

DIRECTIONS = 64
FLOOR_PAIRS = 40
FLOOR_SEED = 2018
CHUNK = 1_000


@torch.no_grad()
def reconstruction_errors(model: LatentModel, x: Tensor, z: Tensor) -> dict[str, float]:
    """Mean squared errors per dimension (`_sum`: of both latent coordinates together).

    Through the means of both conditionals, and `_sampled`, through a draw of each.
    """
    encoder, decoder = model.encoder, model.decoder
    x_again = decoder(encoder.mean(x)).mean
    z_again = encoder.mean(decoder(z).mean)
    mse_z = _mse(z_again, z)
    return {
        "mse_x": _mse(x_again, x),
        "mse_z": mse_z,
        "mse_z_sum": z.shape[1] * mse_z,
        "mse_x_sampled": _mse(decoder(encoder.sample(x)).rsample(), x),
        "mse_z_sampled": _mse(encoder.sample(decoder(z).rsample()), z),
    }


@torch.no_grad()
def likelihood_terms(model: LatentModel, x: Tensor, z: Tensor) -> dict[str, float]:
    """NELL, and what a posterior with a density has besides: NELP, and its KL from the banana in closed form.

    Nats per sample. The density of the prior is used here, to measure; SJMVI's training never sees it.
    """
    encoder, decoder = model.encoder, model.decoder
    terms = {"nell": negative_log_likelihood(decoder(encoder.sample(x)), x, "sum")}
    if isinstance(encoder, Encoder):
        posterior = encoder(x)
        terms["nelp"] = negative_log_likelihood(encoder(decoder(z).rsample()), z, "sum")
        terms["kl_latent"] = Banana().kl_from_normal(posterior.mean, posterior.scale).mean()
    return {name: float(term) for name, term in terms.items()}


@torch.no_grad()
def aggregate_posterior(model: LatentModel, x: Tensor, z: Tensor) -> dict[str, float]:
    """Distances between draws of q(z) and of the prior, as many of each; and what the prior itself scores."""
    draws, prior = model.encoder.sample(x), z[: len(x)]
    energy_floor, sliced_floor = floors(len(x))
    return {
        "energy_distance": energy_distance(draws, prior),
        "energy_distance_floor": energy_floor,
        "sliced_wasserstein": sliced_wasserstein(draws, prior),
        "sliced_wasserstein_floor": sliced_floor,
    }


@cache
def floors(count: int) -> tuple[float, float]:
    """The 95th percentile of either distance between two sets of `count` draws of the prior."""
    generator = torch.Generator().manual_seed(FLOOR_SEED)
    prior = Banana()
    pairs = [(prior.sample(count, generator), prior.sample(count, generator)) for _ in range(FLOOR_PAIRS)]
    return _upper([energy_distance(*pair) for pair in pairs]), _upper(
        [sliced_wasserstein(*pair) for pair in pairs]
    )


def energy_distance(a: Tensor, b: Tensor) -> float:
    """Of two sets (N, D) and (M, D); at least 0."""
    return 2 * _mean_distance(a, b) - _mean_distance(a, a) - _mean_distance(b, b)


def sliced_wasserstein(a: Tensor, b: Tensor) -> float:
    """Of two sets (N, 2) of one size, over directions evenly spread on the half circle."""
    angles = torch.arange(DIRECTIONS, dtype=torch.float64) * math.pi / DIRECTIONS
    directions = torch.stack([angles.cos(), angles.sin()])
    sorted_a, sorted_b = ((points.double() @ directions).sort(dim=0).values for points in (a, b))
    return float((sorted_a - sorted_b).square().mean().sqrt())


def _mean_distance(a: Tensor, b: Tensor) -> float:
    """The energy distance is a small difference of these: float64, and distances taken one by one."""
    a, b = a.double(), b.double()
    sums = [
        torch.cdist(rows, b, compute_mode="donot_use_mm_for_euclid_dist").sum()
        for rows in torch.split(a, CHUNK)
    ]
    return float(torch.stack(sums).sum()) / (len(a) * len(b))


def _mse(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean())


def _upper(values: list[float]) -> float:
    return float(torch.tensor(values, dtype=torch.float64).quantile(0.95))
