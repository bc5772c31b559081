"""The objective on a linear-Gaussian pair, where every term has a closed form.

    z ~ N(0, 1)      p(x|z) = N(a z + b, tau^2)      q*(x) = N(mx, sx^2)      q(z|x) = N(k x + c, t^2)

All integrands are quadratic, so the four equally likely pairs of signs have all the moments that matter: a
batch of four gives expectations exactly.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import RatioNoise, Sampling
from training.objective.likelihoods import Reconstruction
from training.objective.presets import PRESETS
from training.objective.ratios import FreeRatio, LogRatio, StructuredRatio, TwoHeadRatio
from training.objective.sjmvi import SJMVI, Draws, Maps, Ratios, SJMVITerms, Weights
from translation.distributions import Normal

SIGN = torch.tensor([1.0, -1.0], dtype=torch.double)
SIGNS = torch.cartesian_prod(SIGN, SIGN)


class SignNormal(Normal):
    """A normal density whose noise takes its second column of signs."""

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        return SIGNS[:, 1:]


@dataclass(frozen=True)
class Line:
    """N(slope * source + intercept, scale^2)."""

    slope: float
    intercept: float
    scale: float

    def __call__(self, source: Tensor) -> Normal:
        return SignNormal(self.slope * source + self.intercept, torch.tensor(self.scale).double())

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), torch.zeros(len(source)))

    def after(self, mean: float, scale: float) -> Normal:
        """The marginal of what it makes of N(mean, scale^2)."""
        return normal(self.slope * mean + self.intercept, math.hypot(self.slope * scale, self.scale))


def normal(mean: float, scale: float) -> Normal:
    return Normal(torch.tensor([mean]).double(), torch.tensor([scale]).double())


class LogDensity(nn.Module):
    def __init__(self, density: Normal) -> None:
        super().__init__()
        self.density = density

    def forward(self, value: Tensor) -> Tensor:
        return self.density.log_prob(value)


class TrueHeads(nn.Module):
    """The log ratio of a conditional to a reference, and its two parts."""

    def __init__(self, conditional: Line, marginal: Normal, reference: Normal) -> None:
        super().__init__()
        self.conditional, self.aggregate, self.reference = conditional, marginal, reference

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return (self.conditional(given).log_prob(judged) - self.reference.log_prob(judged)).squeeze(1)

    def marginal(self, judged: Tensor) -> Tensor:
        return (self.aggregate.log_prob(judged) - self.reference.log_prob(judged)).squeeze(1)

    def context(self, given: Tensor) -> Tensor:
        return given

    def heads(self, judged: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        marginal = self.marginal(judged)
        return marginal, self(judged, given) - marginal


RATIOS: dict[str, Callable[[TrueHeads], LogRatio]] = {
    "free": FreeRatio,
    "two-head": lambda heads: TwoHeadRatio(heads, conditioning=1),
    "structured": lambda heads: StructuredRatio(LogDensity(heads.reference), heads.conditional),
}
each_ratio = pytest.mark.parametrize("ratio", RATIOS.values(), ids=RATIOS)


@dataclass(frozen=True)
class LinearGaussian:
    """The pair, and its golden numbers in nats; informations and divergences of q(x, z) and of p(x, z)."""

    x: tuple[float, float]
    x_given_z: Line
    z_given_x: Line
    nell: float
    nelp: float
    information: tuple[float, float]
    marginal_kl: tuple[float, float]
    joint_kl: tuple[float, float]

    @property
    def maps(self) -> Maps:
        return Maps(self.x_given_z, self.z_given_x)

    def ratios(self, make: Callable[[TrueHeads], LogRatio]) -> Ratios:
        latent = TrueHeads(self.z_given_x, self.z_given_x.after(*self.x), normal(0, 1))
        observed = TrueHeads(self.x_given_z, self.x_given_z.after(0, 1), normal(*self.x))
        return Ratios(make(latent), make(observed))

    def draw(self, objective: SJMVI) -> Draws:
        mean, scale = self.x
        return objective.draw(self.maps, mean + scale * SIGNS[:, :1], SIGNS[:, :1])

    def terms(self, objective: SJMVI, make: Callable[[TrueHeads], LogRatio]) -> SJMVITerms:
        return objective.terms(self.maps, self.ratios(make), self.draw(objective))


CASES = {
    "posterior": LinearGaussian(  # q(z|x) is that of p(x, z), and p(x) is q*(x)
        x=(0.7, 1.7),
        x_given_z=Line(1.5, 0.7, 0.8),
        z_given_x=Line(1.5 / 2.89, -0.7 * 1.5 / 2.89, 0.8 / 1.7),
        nell=1.19579498,
        nelp=0.66516673,
        information=(0.75377180, 0.75377180),
        marginal_kl=(0, 0),
        joint_kl=(0, 0),
    ),
    "off the posterior": LinearGaussian(
        x=(1, 1.5),
        x_given_z=Line(1.2, 0.3, 0.5),
        z_given_x=Line(0.4, -0.2, 0.7),
        nell=3.27699135,
        nelp=0.88552890,
        information=(0.27541548, 0.95551145),
        marginal_kl=(0.02625946, 0.12754529),
        joint_kl=(1.75426266, 0.54964710),
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)

PAPER = SJMVI(DIVERGENCES["gan"], GENERATOR_LOSSES["log-ratio"], Sampling("model", "draws"))


def nats(value: float) -> object:
    return pytest.approx(value, abs=1e-7)


@each_case
@each_ratio
@pytest.mark.parametrize("preset", ["paper-gan", "paper-kl"])
def test_terms_have_their_closed_forms(
    case: LinearGaussian, ratio: Callable[[TrueHeads], LogRatio], preset: str
) -> None:
    terms = case.terms(PRESETS[preset].objective(Weights(), "sum"), ratio)
    assert terms.nell.item() == nats(case.nell)
    assert terms.nelp.item() == nats(case.nelp)
    assert terms.kl_latent.item() == nats(case.marginal_kl[0] + case.information[0])
    assert terms.kl_observed.item() == nats(case.marginal_kl[1] + case.information[1])


@each_case
@pytest.mark.parametrize("ratio_noise", get_args(RatioNoise))
def test_noisy_draws_are_decoded_whatever_the_ratios_see(
    case: LinearGaussian, ratio_noise: RatioNoise
) -> None:
    terms = case.terms(replace(PAPER, sampling=Sampling("model", ratio_noise)), FreeRatio)
    assert terms.nell.item() == nats(case.nell)
    assert terms.nelp.item() == nats(case.nelp)


@each_case
def test_bounds_exceed_the_entropies_by_the_divergences_of_the_joints(case: LinearGaussian) -> None:
    terms = case.terms(PAPER, FreeRatio)
    entropy_x, entropy_z = normal(*case.x).entropy().item(), normal(0, 1).entropy().item()
    assert (terms.nell + terms.kl_latent).item() - entropy_x == nats(case.joint_kl[0])
    assert (terms.nelp + terms.kl_observed).item() - entropy_z == nats(case.joint_kl[1])
    assert PAPER.maps_loss(terms).item() == nats(sum(case.joint_kl) + entropy_x + entropy_z)


@each_case
@pytest.mark.parametrize("conditioning", [0, 0.5, 1])
def test_conditioning_weighs_the_mutual_informations(case: LinearGaussian, conditioning: float) -> None:
    terms = case.terms(PAPER, lambda heads: TwoHeadRatio(heads, conditioning))
    assert terms.kl_latent.item() == nats(case.marginal_kl[0] + conditioning * case.information[0])
    assert terms.kl_observed.item() == nats(case.marginal_kl[1] + conditioning * case.information[1])


@each_case
@each_ratio
def test_observed_ratio_on_latent_draws_is_the_entropy_less_nell(
    case: LinearGaussian, ratio: Callable[[TrueHeads], LogRatio]
) -> None:
    q = case.draw(PAPER).q
    log_ratio = case.ratios(ratio).observed(q.given, q.drawn).mean().item()
    assert log_ratio == nats(normal(*case.x).entropy().item() - case.nell)


@each_case
@each_ratio
def test_true_ratios_disagree_by_the_divergence_of_the_joints(
    case: LinearGaussian, ratio: Callable[[TrueHeads], LogRatio]
) -> None:
    found = replace(PAPER, divergence=DIVERGENCES["kl"]).diagnostics(case.ratios(ratio), case.draw(PAPER))
    entropy = normal(*case.x).entropy().item()
    assert case.nell + found["log_ratio_observed_at_q"].item() == nats(entropy)
    assert found["ratio_disagreement"].item() == nats(case.joint_kl[0])
    assert found["log_ratio_latent_draws"].item() == nats(case.marginal_kl[0] + case.information[0])
    assert found["log_ratio_observed_draws"].item() == nats(case.marginal_kl[1] + case.information[1])
