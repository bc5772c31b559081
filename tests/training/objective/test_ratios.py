"""Ratios over two-letter alphabets: a batch holds each pair exactly as often as its probability says."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES, FDivergence
from training.objective.joints import Joint
from training.objective.ratios import (
    FreeRatio,
    LogRatio,
    SplitRatio,
    StructuredRatio,
    TwoHeadRatio,
)
from translation.distributions import Normal

GIVEN = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])[:, None]
JUDGED = torch.tensor([0, 0, 0, 1, 0, 0, 1, 1])[:, None]
REFERENCE = torch.tensor([0, 1, 1, 1, 0, 1, 1, 1])[:, None]  # as often each way under either given

LOG_Q_GIVEN_X = torch.tensor([[3 / 4, 1 / 4], [1 / 2, 1 / 2]], dtype=torch.double).log()  # [x, z]
LOG_Q = torch.tensor([5 / 8, 3 / 8], dtype=torch.double).log()
LOG_P = torch.tensor([1 / 4, 3 / 4], dtype=torch.double).log()

MARGINAL_KL = 5 / 8 * math.log(5 / 2) + 3 / 8 * math.log(1 / 2)
INFORMATION = 3 / 8 * math.log(6 / 5) + 1 / 8 * math.log(2 / 3) + 1 / 4 * (math.log(4 / 5) + math.log(4 / 3))


class Table(nn.Module):
    """A learned number for each letter, or pair of letters."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values.clone())

    def forward(self, *letters: Tensor) -> Tensor:
        return self.values[tuple(letter[:, 0] for letter in letters)]


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.marginal = Table(LOG_Q - LOG_P)
        self.conditional = Table((LOG_Q_GIVEN_X - LOG_Q).T)
        self.looked = 0

    def context(self, given: Tensor) -> Tensor:
        self.looked += 1
        return given

    def heads(self, judged: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        return self.marginal(judged), self.conditional(judged, given)


@dataclass(frozen=True)
class Categorical:
    """q(z|x), as far as a ratio asks for it."""

    log_probabilities: Tensor

    def log_prob(self, value: Tensor) -> Tensor:
        return self.log_probabilities.gather(1, value)

    def detach(self) -> "Categorical":
        return Categorical(self.log_probabilities.detach())

    def entropy(self) -> Tensor:
        return -(self.log_probabilities.exp() * self.log_probabilities).sum(1, keepdim=True)


class Conditional(Table):
    def forward(self, *letters: Tensor) -> Categorical:
        return Categorical(super().forward(*letters))


def joint() -> Joint:
    return Joint(GIVEN, JUDGED, JUDGED, Conditional(LOG_Q_GIVEN_X)(GIVEN))


def two_head(conditioning: float = 1.0) -> TwoHeadRatio:
    return TwoHeadRatio(TwoHeads(), conditioning)


def structured() -> StructuredRatio:
    return StructuredRatio(Table(LOG_P), Conditional(LOG_Q_GIVEN_X))


def split(conditioning: float = 1.0) -> SplitRatio:
    return SplitRatio(structured(), Table(LOG_Q - LOG_P), conditioning)


Make = Callable[[], LogRatio]
RATIOS: dict[str, Make] = {
    "free": lambda: FreeRatio(Table((LOG_Q_GIVEN_X - LOG_P).T)),
    "two-head": two_head,
    "structured": structured,
    "split": split,
}
WEIGHED: dict[str, Callable[[float], LogRatio]] = {"two-head": two_head, "split": split}

each_weighed = pytest.mark.parametrize("weighed", WEIGHED.values(), ids=WEIGHED)
each_row = pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)
each_ratio = pytest.mark.parametrize("make", RATIOS.values(), ids=RATIOS)


def gradients(loss: Tensor, module: nn.Module) -> dict[str, Tensor]:
    names, parameters = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters, materialize_grads=True), strict=True))


# What ratios learn


@each_row
@each_ratio
def test_truth_leaves_no_gradient_and_anything_else_is_worse(make: Make, divergence: FDivergence) -> None:
    ratio = make()
    at_truth = ratio.loss(divergence, joint(), REFERENCE)
    for name, gradient in gradients(at_truth, ratio).items():
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-14, rtol=0, msg=name)
    with torch.no_grad():
        for parameter in ratio.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    assert ratio.loss(divergence, joint(), REFERENCE) > at_truth


@each_ratio
def test_loss_at_the_truth_is_minus_the_divergence(make: Make) -> None:
    loss = make().loss(DIVERGENCES["kl"], joint(), REFERENCE).item()
    expected = 2 * MARGINAL_KL + INFORMATION if make in WEIGHED.values() else MARGINAL_KL + INFORMATION
    assert -loss == pytest.approx(expected, abs=1e-14)


def test_what_is_given_is_looked_at_once_by_two_heads() -> None:
    network = TwoHeads()
    TwoHeadRatio(network, 0.5).loss(DIVERGENCES["gan"], joint(), REFERENCE)
    assert network.looked == 1


@each_row
def test_marginal_head_learns_as_if_the_conditional_one_were_not_there(divergence: FDivergence) -> None:
    ratio = two_head()
    nn.init.normal_(ratio.get_parameter("network.conditional.values"))
    left = gradients(ratio.loss(divergence, joint(), REFERENCE), ratio)
    assert left["network.marginal.values"].abs().max() < 1e-14
    assert left["network.conditional.values"].abs().max() > 1e-3


@each_row
def test_conditional_head_makes_up_for_a_wrong_marginal_one(divergence: FDivergence) -> None:
    ratio, error = two_head(), torch.tensor([0.5, -0.5], dtype=torch.double)
    with torch.no_grad():
        ratio.get_parameter("network.marginal.values").add_(error)
        ratio.get_parameter("network.conditional.values").sub_(error[:, None])
    left = gradients(ratio.loss(divergence, joint(), REFERENCE), ratio)
    assert left["network.conditional.values"].abs().max() < 1e-14
    assert left["network.marginal.values"].abs().max() > 1e-3


def test_blind_ratio_learns_as_a_marginal_one_alone() -> None:
    blind = two_head(conditioning=0)
    marginal = -DIVERGENCES["gan"].bound((LOG_Q - LOG_P)[JUDGED], (LOG_Q - LOG_P)[REFERENCE])
    torch.testing.assert_close(blind.loss(DIVERGENCES["gan"], joint(), REFERENCE), marginal)


# What generators are charged


@each_ratio
def test_ratio_at_the_draws_averages_to_the_divergence_from_the_prior(make: Make) -> None:
    assert make().charge(joint()).mean().item() == pytest.approx(MARGINAL_KL + INFORMATION, abs=1e-14)


@pytest.mark.parametrize("make", [*RATIOS.values(), lambda: two_head(0.25), lambda: split(0.25)])
def test_ratio_is_the_models_density_over_the_references(make: Make) -> None:
    expected = (LOG_Q_GIVEN_X - LOG_P)[GIVEN, JUDGED].squeeze(1)
    torch.testing.assert_close(make()(JUDGED, GIVEN), expected)


@each_weighed
@pytest.mark.parametrize("conditioning", [0, 0.25, 1])
def test_conditioning_weighs_the_mutual_information(
    weighed: Callable[[float], LogRatio], conditioning: float
) -> None:
    charge = weighed(conditioning).charge(joint()).mean().item()
    assert charge == pytest.approx(MARGINAL_KL + conditioning * INFORMATION, abs=1e-14)


@pytest.mark.parametrize("conditioning", [0, 0.25, 1])
def test_ratio_depends_on_the_given_unless_it_is_blind(conditioning: float) -> None:
    ratio = two_head(conditioning)
    swapped = Joint(1 - GIVEN, JUDGED, JUDGED, joint().conditional)
    sees = conditioning > 0
    assert torch.equal(ratio.charge(joint()), ratio.charge(swapped)) != sees
    assert torch.equal(ratio(JUDGED, GIVEN), ratio(JUDGED, 1 - GIVEN)) != sees


def test_split_ratio_leaves_the_whole_as_it_was() -> None:
    marginal = Table(torch.randn(2, dtype=torch.double))
    loose = SplitRatio(structured(), marginal, 0.25)
    loss = loose.loss(DIVERGENCES["gan"], joint(), REFERENCE)
    alone = structured().loss(DIVERGENCES["gan"], joint(), REFERENCE)
    bound = DIVERGENCES["gan"].bound(marginal.values[JUDGED[:, 0]], marginal.values[REFERENCE[:, 0]])
    torch.testing.assert_close(loss, alone - bound)
    assert torch.equal(loose(JUDGED, GIVEN), structured()(JUDGED, GIVEN))


# The structured ratio's knowledge of q(z|x)


def test_structured_ratio_learns_from_the_density_that_drew_though_the_map_has_stepped() -> None:
    conditional = Conditional(LOG_Q_GIVEN_X)
    ratio, pairs = StructuredRatio(Table(LOG_P), conditional), joint()
    before = ratio.loss(DIVERGENCES["gan"], pairs, REFERENCE)
    nn.init.normal_(conditional.values)
    assert torch.equal(ratio.loss(DIVERGENCES["gan"], pairs, REFERENCE), before)


def test_structured_ratio_trains_log_p_and_never_the_map() -> None:
    conditional = Conditional(LOG_Q_GIVEN_X)
    ratio = StructuredRatio(Table(LOG_P), conditional)
    pairs = Joint(GIVEN, JUDGED, JUDGED, conditional(GIVEN))
    ratio.loss(DIVERGENCES["gan"], pairs, REFERENCE).backward()
    ratio(JUDGED, GIVEN).sum().backward()
    assert conditional.values.grad is None
    assert [name for name, _ in ratio.named_parameters()] == ["log_reference.values"]


def test_structured_ratio_charges_the_generator_its_exact_entropy() -> None:
    mean = torch.zeros(4, 2, dtype=torch.double, requires_grad=True)
    scale = torch.tensor([0.5, 2.0], dtype=torch.double, requires_grad=True)
    density = Normal(mean, scale)
    log_reference = nn.Linear(2, 1, bias=False).double()
    draws = density.rsample()
    pairs = Joint(torch.zeros(4, 1), draws, draws, density)
    charge = StructuredRatio(log_reference, lambda given: density).charge(pairs).mean()
    mean_slope, scale_slope = torch.autograd.grad(charge, (mean, scale))
    slope_of_log_p, noise = log_reference.weight[0].detach(), ((draws - mean) / scale).detach()
    torch.testing.assert_close(mean_slope, -slope_of_log_p.expand(4, 2) / 4)
    torch.testing.assert_close(scale_slope, -1 / scale.detach() - slope_of_log_p * noise.mean(0))
