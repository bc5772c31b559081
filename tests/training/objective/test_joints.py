from dataclasses import dataclass
from typing import get_args

import pytest
import torch
from torch import Tensor

from training.objective.joints import Joint, RatioNoise, Sampling
from training.objective.likelihoods import Reconstruction
from translation.distributions import DISTRIBUTIONS, Distribution

SOURCE = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
REFERENCE = SOURCE.flip(0)
SCALE = torch.tensor([0.1, 0.4])
NOISES = {"the density's own": ("model", SCALE), "a number": (0.3, torch.tensor([0.3, 0.3]))}
VARIANCE_OF_SCALE_ONE = {"normal": 1.0, "laplace": 2.0}

each_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)
each_noise = pytest.mark.parametrize(("noise", "scale"), NOISES.values(), ids=NOISES)
each_ratio_noise = pytest.mark.parametrize("ratio_noise", get_args(RatioNoise))


@dataclass(frozen=True)
class Rotation:
    """A conditional with a scale for each dimension."""

    name: str = "normal"

    def __call__(self, source: Tensor) -> Distribution:
        return DISTRIBUTIONS[self.name](source.flip(1).requires_grad_(), SCALE.clone().requires_grad_())

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), torch.zeros(len(source)))


def assert_noise(noise: Tensor, scale: Tensor, name: str) -> None:
    """Independent over the dimensions, of the named distribution's variance."""
    expected = (VARIANCE_OF_SCALE_ONE[name] * scale.square()).diag()
    torch.testing.assert_close(noise.detach().T.cov(), expected, rtol=0.02, atol=0.002)


@each_distribution
@each_noise
def test_draws_carry_the_noise_asked_for(name: str, noise: float, scale: Tensor) -> None:
    joint = Sampling(noise, "draws").draw(Rotation(name), SOURCE)
    assert_noise(joint.drawn - SOURCE.flip(1), scale, name)


@each_noise
def test_likelihood_keeps_its_scale_whatever_the_noise(noise: float, scale: Tensor) -> None:
    joint = Sampling(noise).draw(Rotation(), SOURCE)
    assert torch.equal(joint.conditional.scale, SCALE)


@each_distribution
@each_ratio_noise
def test_without_noise_all_is_deterministic_bit_for_bit(name: str, ratio_noise: RatioNoise) -> None:
    sampling = Sampling(0.0, ratio_noise)
    joint = sampling.draw(Rotation(name), SOURCE)
    assert torch.equal(joint.drawn, SOURCE.flip(1))
    assert torch.equal(joint.judged, SOURCE.flip(1))
    assert torch.equal(sampling.reference(REFERENCE, joint), REFERENCE)


@each_distribution
@each_noise
def test_noise_on_both_sides_tells_the_ratio_nothing(name: str, noise: float, scale: Tensor) -> None:
    sampling = Sampling(noise, "both")
    joint = sampling.draw(Rotation(name), SOURCE)
    noise_on_references = sampling.reference(REFERENCE, joint) - REFERENCE
    noise_on_draws = joint.judged - SOURCE.flip(1)
    assert_noise(noise_on_references, scale, name)
    assert_noise(noise_on_draws, scale, name)
    assert_noise(noise_on_references - noise_on_draws, scale * 2**0.5, name)  # independent of each other


@each_noise
def test_noise_on_draws_alone_leaves_references_clean(noise: float, scale: Tensor) -> None:
    sampling = Sampling(noise, "draws")
    joint = sampling.draw(Rotation(), SOURCE)
    assert torch.equal(joint.judged, joint.drawn)
    assert torch.equal(sampling.reference(REFERENCE, joint), REFERENCE)


@each_noise
def test_without_ratio_noise_means_are_judged_and_noisy_draws_decoded(noise: float, scale: Tensor) -> None:
    sampling = Sampling(noise, "none")
    joint = sampling.draw(Rotation(), SOURCE)
    assert torch.equal(joint.judged, SOURCE.flip(1))
    assert_noise(joint.drawn - SOURCE.flip(1), scale, "normal")
    assert torch.equal(sampling.reference(REFERENCE, joint), REFERENCE)


@each_ratio_noise
def test_gradients_reach_draws_and_never_references(ratio_noise: RatioNoise) -> None:
    sampling = Sampling("model", ratio_noise)
    joint = sampling.draw(Rotation(), SOURCE)
    assert joint.drawn.requires_grad
    assert joint.judged.requires_grad
    assert not sampling.reference(REFERENCE, joint).requires_grad


def test_detached_pairs_are_the_same_pairs_without_a_graph() -> None:
    joint = Sampling("model", "none").draw(Rotation(), SOURCE)
    detached = joint.detached()
    for pair in ("given", "drawn", "judged"):
        assert torch.equal(getattr(detached, pair), getattr(joint, pair))
        assert not getattr(detached, pair).requires_grad
    assert isinstance(detached, Joint)
    assert torch.equal(detached.conditional.mean, joint.conditional.mean)
    assert not detached.conditional.mean.requires_grad
    assert not detached.conditional.scale.requires_grad
