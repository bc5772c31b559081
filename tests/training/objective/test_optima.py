"""Where perfect ratios lead the maps of the linear-Gaussian pair: what no training of ratios can better.

    z ~ N(0, 1)      p(x|z) = N(a z + b, tau^2)      q*(x) = N(mx, sx^2)      q(z|x) = N(k x + c, t^2)

tau is what made x; a, b, k, c and t are learned. At the truth a = 1.5, and q(z|x) is the posterior.
"""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import Sampling
from training.objective.likelihoods import Reconstruction
from training.objective.ratios import TwoHeadRatio
from training.objective.sjmvi import SJMVI, Maps, Ratios
from translation.distributions import Normal

TAU, MX, SX = 0.8, 0.7, 1.7
POSTERIOR_SCALE = TAU / SX

QUANTILES = torch.special.ndtri((torch.arange(64, dtype=torch.double) + 0.5) / 64)
POINTS = QUANTILES / QUANTILES.square().mean().sqrt()  # with it means of quadratics are exact
GRID = torch.cartesian_prod(POINTS, POINTS)


class GridNormal(Normal):
    """A normal density whose noise is the grid's second column."""

    @staticmethod
    def standard_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
        return GRID[:, 1:]


@dataclass(frozen=True)
class Line:
    """N(slope * source + intercept, scale^2)."""

    slope: Tensor
    intercept: Tensor
    scale: Tensor

    def __call__(self, source: Tensor) -> Normal:
        return GridNormal(self.slope * source + self.intercept, self.scale)

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), torch.zeros(len(source)))

    def after(self, source: Normal) -> Normal:
        """The marginal of what it makes of the source."""
        return Normal(self(source.mean).mean, torch.hypot(self.slope * source.scale, self.scale))

    def detached(self) -> "Line":
        return Line(self.slope.detach(), self.intercept.detach(), self.scale.detach())


def normal(mean: float, scale: float) -> Normal:
    return Normal(torch.tensor(mean).double(), torch.tensor(scale).double())


LATENT, OBSERVED = normal(0, 1), normal(MX, SX)


class TrueHeads(nn.Module):
    def __init__(self, conditional: Line, given: Normal, reference: Normal) -> None:
        super().__init__()
        self.conditional, self.reference = conditional.detached(), reference
        self.aggregate = self.conditional.after(given)

    def marginal(self, judged: Tensor) -> Tensor:
        return (self.aggregate.log_prob(judged) - self.reference.log_prob(judged)).squeeze(1)

    def context(self, given: Tensor) -> Tensor:
        return given

    def heads(self, judged: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        conditional = self.conditional(given).log_prob(judged) - self.aggregate.log_prob(judged)
        return self.marginal(judged), conditional.squeeze(1)


class Pair(nn.Module):
    """What is learned; `scale` of q(z|x) is, unless it is given."""

    def __init__(self, scale: float | None = None) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor([0.5, 0.0]).double())
        self.z = nn.Parameter(torch.tensor([0.2, 0.0]).double())
        self.log_scale = nn.Parameter(torch.tensor(scale or 0.8).double().log(), requires_grad=not scale)

    @property
    def maps(self) -> Maps:
        return Maps(Line(*self.x, torch.tensor(TAU).double()), Line(*self.z, self.log_scale.exp()))

    def ratios(self, conditioning: float) -> Ratios:
        maps = self.maps
        latent = TrueHeads(maps.z_given_x, OBSERVED, LATENT)
        observed = TrueHeads(maps.x_given_z, LATENT, OBSERVED)
        return Ratios(TwoHeadRatio(latent, conditioning), TwoHeadRatio(observed, conditioning))

    @property
    def found(self) -> dict[str, float]:
        a, b, k, c = (*self.x.tolist(), *self.z.tolist())
        return {"a": a, "b": b, "k": k, "c": c, "t": self.log_scale.exp().item()}


def descend(
    generator_loss: str, conditioning: float, steps: int = 500, scale: float | None = None, reach: float = 1.0
) -> Pair:
    """The pair after that many steps, its ratios true at each."""
    loss, sampling = GENERATOR_LOSSES[generator_loss], Sampling("model", "draws")
    objective = SJMVI(DIVERGENCES["gan"], loss, sampling, reach=reach)
    pair = Pair(scale)
    optimiser = torch.optim.Adam([each for each in pair.parameters() if each.requires_grad], 0.05)
    decay = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, steps)
    for _ in range(steps):
        maps = pair.maps
        draws = objective.draw(maps, MX + SX * GRID[:, :1], GRID[:, :1])
        optimiser.zero_grad()
        objective.maps_loss(objective.terms(maps, pair.ratios(conditioning), draws)).backward()
        optimiser.step()
        decay.step()
    return pair


OPTIMA = {  # of NELL + NELP + marginal divergences + conditioning * informations, in closed form: a, k, t
    1.0: (1.5, 1.5 / SX**2, POSTERIOR_SCALE),
    0.75: (1.6450, 0.5033, 0.4161),
    0.5: (1.7858, 0.4853, 0.3696),
    0.25: (1.9226, 0.4664, 0.3299),
    0.0: (2.0555, 0.4476, 0.2961),
}


def optimum(a: float, k: float, t: float, abs: float) -> object:
    """By symmetry the means are those of the truth at every optimum."""
    return pytest.approx({"a": a, "b": MX, "k": k, "c": -k * MX, "t": t}, abs=abs)


@pytest.mark.parametrize(("conditioning", "expected"), OPTIMA.items(), ids=map(str, OPTIMA))
def test_conditioning_decides_where_the_maps_end(
    conditioning: float, expected: tuple[float, float, float]
) -> None:
    assert descend("log-ratio", conditioning).found == optimum(*expected, abs=2e-4)


@pytest.mark.parametrize("conditioning", OPTIMA, ids=str)
def test_likelihoods_that_reach_as_far_as_the_ratios_see_lead_to_the_truth(conditioning: float) -> None:
    found = descend("log-ratio", conditioning, reach=conditioning).found
    assert found == optimum(*OPTIMA[1.0], abs=2e-4)


@pytest.mark.parametrize("generator_loss", ["log-ratio", "nonsat", "gan", "lecam"])
def test_where_neither_reaches_every_generator_loss_leads_to_the_truth(generator_loss: str) -> None:
    assert descend(generator_loss, conditioning=0, reach=0).found == optimum(*OPTIMA[1.0], abs=2e-3)


def test_blind_ratios_make_observations_too_broad() -> None:
    found = descend("log-ratio", conditioning=0.0).found
    assert found["a"] ** 2 + TAU**2 == pytest.approx(4.865, abs=2e-3)  # of the data: 2.89


def test_a_known_posterior_scale_takes_most_of_the_blindness_away() -> None:
    found = descend("log-ratio", conditioning=0.0, scale=POSTERIOR_SCALE).found
    assert found == optimum(1.5940, 0.5515, POSTERIOR_SCALE, abs=2e-4)


def test_the_non_saturating_loss_ends_where_its_own_divergence_is_least() -> None:
    """The minimum of NELL + NELP + both 2 KL[(p + q) / 2 || p], by quadrature."""
    assert descend("nonsat", conditioning=1.0).found == optimum(1.8284, 0.4693, 0.3604, abs=5e-3)


def test_the_minimax_loss_has_no_optimum() -> None:
    """Its divergence, Jensen and Shannon's, is bounded; the likelihood of ever narrower latents is not."""
    early, late = (descend("gan", conditioning=1.0, steps=steps).found for steps in (500, 1500))
    assert late["a"] > early["a"] + 1 > 3
    assert late["t"] < early["t"] / 1.5 < 0.3
