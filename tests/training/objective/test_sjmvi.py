import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES, RATIO_LOSSES
from training.objective.joints import Joint, Sampling
from training.objective.likelihoods import Reconstruction
from training.objective.presets import PRESETS, Preset
from training.objective.ratios import FreeRatio, LogRatio, StructuredRatio, TwoHeadRatio, frozen
from training.objective.sjmvi import SJMVI, Draws, Maps, Ratios, SJMVITerms, Weights
from translation.distributions import Normal

PAPER = SJMVI(DIVERGENCES["gan"], GENERATOR_LOSSES["log-ratio"], Sampling("model", "draws"))
KL = replace(PAPER, divergence=DIVERGENCES["kl"])
LEAST_SQUARES = replace(PAPER, divergence=RATIO_LOSSES["least-squares"])


class LearnedLine(nn.Module):
    """A conditional whose mean, scale and code's divergence are all learned."""

    def __init__(self, scale: float = 0.5) -> None:
        super().__init__()
        self.mean = nn.Linear(1, 1)
        self.log_scale = nn.Parameter(torch.tensor(scale).log())
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

    def context(self, given: Tensor) -> Tensor:
        return given

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


@pytest.mark.parametrize("reach", [0, 0.25, 1])
def test_of_a_likelihoods_gradient_the_map_that_drew_gets_its_reach(reach: float) -> None:
    x, z = torch.randn(2, 8, 1)

    def slopes(reach: float) -> tuple[float, list[float]]:
        torch.manual_seed(0)
        maps, ratios = Maps(LearnedLine(), LearnedLine()), Ratios(*(FreeRatio(LearnedHeads()) for _ in "zx"))
        objective = replace(PAPER, reach=reach)
        nell = objective.terms(maps, ratios, objective.draw(maps, x, z)).nell
        weights = (maps.x_given_z.mean.weight, maps.z_given_x.mean.weight)
        found = torch.autograd.grad(nell, weights, allow_unused=True)
        return nell.item(), [0.0 if slope is None else slope.item() for slope in found]

    (paper, (again, drew)), (same, found) = slopes(1.0), slopes(reach)
    assert drew != 0
    assert same == pytest.approx(paper)
    assert found == pytest.approx([again, reach * drew])


def test_references_are_the_other_marginals_samples_with_the_noise_of_draws() -> None:
    x, z = torch.randn(2, 100_000, 1)
    objective = replace(PAPER, sampling=Sampling("model", "both"))
    draws = objective.draw(Maps(x_given_z=LearnedLine(0.3), z_given_x=LearnedLine(0.1)), x, z)
    assert torch.equal(draws.q.given, x)
    assert torch.equal(draws.p.given, z)
    assert (draws.latent_reference - z).std().item() == pytest.approx(0.1, rel=0.02)
    assert (draws.observed_reference - x).std().item() == pytest.approx(0.3, rel=0.02)


class Oracle(LearnedLine):
    """It is certain of a target that it is shown, and charges the target's distance from the source."""

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(Normal(target, torch.tensor(1.0)), (target - source).square().sum(1))


def test_codes_are_inferred_from_the_target_and_from_the_draw_that_is_decoded() -> None:
    maps, ratios = Maps(Oracle(), Oracle()), Ratios(FreeRatio(LearnedHeads()), FreeRatio(LearnedHeads()))
    draws = PAPER.draw(maps, torch.randn(8, 1), torch.randn(8, 1))
    terms = PAPER.terms(maps, ratios, draws)
    for nats, code, joint in (
        (terms.nell, terms.code_observed, draws.q),
        (terms.nelp, terms.code_latent, draws.p),
    ):
        assert nats.item() == pytest.approx(0.5 * math.log(2 * math.pi))
        torch.testing.assert_close(code, (joint.given - joint.drawn).square().mean())


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
    draws = draws_of(latent=[2, -1], observed=[99, 98], references=[-math.log(2), -math.inf])
    found = KL.diagnostics(IDENTITIES, draws)
    assert found["log_ratio_latent_draws"].item() == 0.5
    assert found["log_ratio_latent_draws_max"].item() == 2
    assert found["log_ratio_latent_reference_max"].item() == pytest.approx(-math.log(2))
    assert found["bound_latent"].item() == pytest.approx(1.5 - 0.25)  # E_q[1 + l] - E_p[e^l]
    assert found["mean_ratio_latent"].item() == pytest.approx(0.25)
    assert found["ratio_accuracy_latent"].item() == 0.75
    assert found["ratio_accuracy_observed"].item() == 1


def test_mean_ratio_is_finite_though_a_ratio_is_astronomic() -> None:
    found = KL.diagnostics(IDENTITIES, draws_of([0, 0], [0, 0], references=[1e4, 1e4]))
    assert found["mean_ratio_latent"].isfinite()


def test_of_ratios_that_are_no_log_ratios_less_is_told() -> None:
    draws = draws_of(latent=[2, -1], observed=[99, 98], references=[-math.log(2), -math.inf])
    found = LEAST_SQUARES.diagnostics(IDENTITIES, draws)
    sides = ("latent", "observed")
    assert found.keys() == {f"{name}_{side}" for side in sides for name in ("bound", "ratio_accuracy")}


@pytest.mark.parametrize("divergence", ["gan", "kl"])
def test_paper_presets_are_fully_conditional_and_draw_with_the_likelihoods_own_noise(divergence: str) -> None:
    paper = Preset(divergence, "log-ratio", Sampling("model", "both"), conditioning=1, ratio_weight=1)
    assert PRESETS[f"paper-{divergence}"] == paper


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_preset_keeps_the_weights_it_is_given_and_multiplies_the_ratios_own(preset: Preset) -> None:
    objective = preset.objective(Weights(nell=2, code=3, ratio=5), "mean")
    assert objective.weights == Weights(nell=2, code=3, ratio=5 * preset.ratio_weight)
    assert objective.divergence is RATIO_LOSSES[preset.divergence]
    assert objective.generator_loss is GENERATOR_LOSSES[preset.generator_loss]
    assert objective.sampling is preset.sampling
    assert objective.reduction == "mean"
