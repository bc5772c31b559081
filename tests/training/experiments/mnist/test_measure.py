import math

import pytest
import torch

from training.experiments.banana import Banana
from training.experiments.mnist.measure import (
    aggregate_posterior,
    energy_distance,
    floors,
    likelihood_terms,
    reconstruction_errors,
    sliced_wasserstein,
)
from training.experiments.mnist.networks import Decoder, Encoder, ImplicitEncoder, LatentModel, Moments

PRIOR = Banana().sample(4_000, torch.Generator().manual_seed(1))
MOMENTS = Moments.of(PRIOR)


def model(implicit: bool = False) -> LatentModel:
    torch.manual_seed(0)
    encoder = (ImplicitEncoder if implicit else Encoder)(MOMENTS, 8)
    return LatentModel(encoder, Decoder(MOMENTS, 8, 0.2))


def test_energy_distance_of_two_points_is_twice_their_distance() -> None:
    a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    assert energy_distance(a, b) == pytest.approx(10)
    assert energy_distance(a, a) == 0


def test_energy_distance_sees_a_shape_with_the_right_moments() -> None:
    generator = torch.Generator().manual_seed(2)
    factor = torch.linalg.cholesky(MOMENTS.covariance)
    gaussian = MOMENTS.mean + torch.randn(len(PRIOR), 2, generator=generator) @ factor.T
    again = Banana().sample(len(PRIOR), generator)
    assert energy_distance(gaussian, PRIOR) > 10 * energy_distance(again, PRIOR)


def test_sliced_wasserstein_of_a_shift_is_its_length_over_the_root_of_two() -> None:
    shifted = PRIOR + torch.tensor([3.0, 4.0])
    assert sliced_wasserstein(PRIOR, shifted) == pytest.approx(5 / math.sqrt(2), rel=1e-4)
    assert sliced_wasserstein(PRIOR, PRIOR.flip(0)) == 0


def test_the_floor_is_what_the_prior_seldom_exceeds_against_itself() -> None:
    generator = torch.Generator().manual_seed(3)
    energy, sliced = floors(300)
    pairs = [(Banana().sample(300, generator), Banana().sample(300, generator)) for _ in range(40)]
    for distance, floor in ((energy_distance, energy), (sliced_wasserstein, sliced)):
        measured = sorted(distance(*pair) for pair in pairs)
        assert measured[20] < floor < 2 * measured[-1]


def test_reconstruction_goes_round_from_either_side() -> None:
    blank = model()
    for network in (blank.encoder.network, blank.decoder.network):
        torch.nn.init.zeros_(network[-1].weight)
        torch.nn.init.zeros_(network[-1].bias)  # so that z comes back as the prior's mean, x as one half
    errors = reconstruction_errors(blank, torch.ones(50, 784), PRIOR)
    assert errors["mse_x"] == pytest.approx(0.25)
    assert errors["mse_z"] == pytest.approx(float(PRIOR.var(0, correction=0).mean()), rel=1e-3)
    assert errors["mse_z_sum"] == 2 * errors["mse_z"]
    assert errors["mse_z_sampled"] > errors["mse_z"]
    assert errors["mse_x_sampled"] == pytest.approx(0.25 + 0.2**2, rel=0.05)


def test_only_a_posterior_with_a_density_has_nelp_and_an_exact_divergence() -> None:
    x = torch.rand(50, 784)
    explicit = likelihood_terms(model(), x, PRIOR)
    assert likelihood_terms(model(implicit=True), x, PRIOR).keys() == {"nell"}
    posterior = model().encoder(x)
    draws = posterior.mean + posterior.scale * torch.randn(2_000, *posterior.mean.shape)
    kl = posterior.log_prob(draws).sum(-1).mean() - Banana().log_prob(draws).mean()
    assert explicit["kl_latent"] == pytest.approx(float(kl.detach()), rel=0.05)


def test_a_posterior_away_from_the_prior_is_far_above_the_floor() -> None:
    away = model()
    torch.nn.init.constant_(away.encoder.network[-1].bias, 2.0)
    found = aggregate_posterior(away, torch.rand(300, 784), PRIOR)
    assert found["energy_distance"] > 10 * found["energy_distance_floor"]
    assert found["sliced_wasserstein"] > found["sliced_wasserstein_floor"]
