"""The objective on a linear-Gaussian pair, where every term has a closed form.

    z ~ N(0, 1)      p(x|z) = N(a z + b, tau^2)      q*(x) = N(mx, sx^2)      q(z|x) = N(k x + c, t^2)

All integrands are quadratic, so the four equally likely pairs of signs have all the moments that matter: a
batch of four gives expectations exactly.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import Joint, Sampling
from training.objective.likelihoods import Reconstruction
from training.objective.ratios import FreeRatio, LogRatio, StructuredRatio, TwoHeadRatio, frozen
from training.objective.sjmvi import (
    PRESETS,
    SJMVI,
    Draws,
    Maps,
    Preset,
    Ratios,
    SJMVITerms,
    Weights,
    ratio_diagnostics,
)
from translation.distributions import Normal

SIGNS = torch.cartesian_prod(torch.tensor([1.0, -1.0]), torch.tensor([1.0, -1.0])).double()
TERMS = [field.name for field in fields(SJMVITerms)]


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
    found = ratio_diagnostics(case.ratios(ratio), case.draw(PAPER))
    assert found["ratio_disagreement"].item() == nats(case.joint_kl[0])
    assert found["log_ratio_latent_draws"].item() == nats(case.marginal_kl[0] + case.information[0])
    assert found["log_ratio_observed_draws"].item() == nats(case.marginal_kl[1] + case.information[1])


# Who learns from what


class LearnedLine(nn.Module):
    """A conditional whose mean, scale and code's divergence are all learned."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Linear(1, 1)
        self.log_scale = nn.Parameter(torch.tensor(-1.0))
        self.code_kl = nn.Parameter(torch.tensor(2.0))

    def forward(self, source: Tensor) -> Normal:
        return Normal(self.mean(source), self.log_scale.exp())

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), self.code_kl.expand(len(source)))


class LearnedHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.marginal = nn.Linear(1, 1)
        self.conditional = nn.Bilinear(1, 1, 1)

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return sum(self.heads(judged, given))

    def heads(self, judged: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        return self.marginal(judged), self.conditional(judged, given)


LEARNED_RATIOS: dict[str, Callable[[nn.Module], LogRatio]] = {
    "free": lambda conditional: FreeRatio(LearnedHeads()),
    "two-head": lambda conditional: TwoHeadRatio(LearnedHeads(), conditioning=0.5),
    "blind": lambda conditional: TwoHeadRatio(LearnedHeads(), conditioning=0),
    "structured": lambda conditional: StructuredRatio(nn.Linear(1, 1), conditional),
}
LEARNERS_OF = {
    "nell": {"x_given_z", "z_given_x"},
    "nelp": {"x_given_z", "z_given_x"},
    "kl_latent": {"z_given_x"},
    "kl_observed": {"x_given_z"},
    "code_observed": {"x_given_z"},
    "code_latent": {"z_given_x"},
    "ratio_loss": {"latent", "observed"},
}


@pytest.mark.parametrize("term", LEARNERS_OF)
@pytest.mark.parametrize("make", LEARNED_RATIOS.values(), ids=LEARNED_RATIOS)
def test_each_term_teaches_its_own_networks_alone(term: str, make: Callable[[nn.Module], LogRatio]) -> None:
    x_given_z, z_given_x = LearnedLine(), LearnedLine()
    maps, ratios = Maps(x_given_z, z_given_x), Ratios(make(z_given_x), make(x_given_z))
    draws = PAPER.draw(maps, torch.randn(8, 1), torch.randn(8, 1))
    with frozen(ratios.latent), frozen(ratios.observed):
        terms = PAPER.terms(maps, ratios, draws)
    (PAPER.ratio_loss(ratios, draws) if term == "ratio_loss" else getattr(terms, term)).backward()
    networks = {**vars(maps), **vars(ratios)}
    taught = {
        name for name, network in networks.items() if any(p.grad is not None for p in network.parameters())
    }
    assert taught == LEARNERS_OF[term]


def test_maps_loss_weighs_each_term_by_its_name() -> None:
    terms = SJMVITerms(*torch.tensor([1.0, 10, 100, 1000, 1e4, 1e5]))
    weights = Weights(nell=2, nelp=3, kl_latent=5, kl_observed=7, code=9, ratio=math.nan)
    objective = SJMVI(PAPER.divergence, PAPER.generator_loss, weights=weights)
    assert objective.maps_loss(terms).item() == 997532


class Identity(nn.Module):
    """What is judged is the log ratio."""

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return judged


IDENTITIES = Ratios(FreeRatio(Identity()), FreeRatio(Identity()))


def draws_of(latent: list[float], observed: list[float], references: list[float]) -> Draws:
    """Draws whose log ratios are as listed."""
    q, p, reference = torch.tensor([latent, observed, references])
    density = Normal(q, torch.tensor(1.0))
    return Draws(Joint(p, q, q, density), Joint(q, p, p, density), reference, reference)


def test_ratio_loss_adds_both_sides_and_weighs_them() -> None:
    draws = draws_of(latent=[1, 2], observed=[0, 3], references=[-1, 0.5])
    objective = SJMVI(PAPER.divergence, PAPER.generator_loss, weights=Weights(ratio=0.5))
    latent = PAPER.divergence.bound(draws.q.judged, draws.latent_reference)
    observed = PAPER.divergence.bound(draws.p.judged, draws.observed_reference)
    torch.testing.assert_close(objective.ratio_loss(IDENTITIES, draws), -0.5 * (latent + observed))


def test_diagnostics_tell_whether_ratios_can_be_believed() -> None:
    draws = draws_of(latent=[2, -1], observed=[99, 98], references=[math.log(3), -math.inf])
    found = ratio_diagnostics(IDENTITIES, draws)
    assert found["log_ratio_latent_draws"].item() == 0.5
    assert found["log_ratio_latent_max"].item() == 2
    assert found["mean_ratio_latent"].item() == pytest.approx(1.5)
    assert found["ratio_accuracy_latent"].item() == 0.5
    assert found["ratio_accuracy_observed"].item() == 0.75


def test_mean_ratio_is_finite_though_a_ratio_is_astronomic() -> None:
    found = ratio_diagnostics(IDENTITIES, draws_of([0, 0], [0, 0], references=[1e4, 1e4]))
    assert found["mean_ratio_latent"].isfinite()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_preset_keeps_the_weights_it_is_given_but_for_the_ratios_own(preset: Preset) -> None:
    objective = preset.objective(Weights(nell=2, code=3, ratio=5), "mean")
    assert objective.weights == Weights(nell=2, code=3, ratio=preset.ratio_weight)
    assert objective.divergence is DIVERGENCES[preset.divergence]
    assert objective.generator_loss is GENERATOR_LOSSES[preset.generator_loss]
    assert objective.sampling is preset.sampling
    assert objective.reduction == "mean"
