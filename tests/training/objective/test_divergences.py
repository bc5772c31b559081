# ruff: noqa: E741 - l is the symbol of the log ratio
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn import functional as F

from training.objective.divergences import (
    DIVERGENCES,
    GENERATOR_LOSSES,
    LEAST_SQUARES,
    FDivergence,
    GeneratorLoss,
    exp_safe,
)

EXACT = {name: replace(divergence, cap=math.inf) for name, divergence in DIVERGENCES.items()}

each_row = pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)


def slope(y: Tensor, x: Tensor) -> Tensor:
    """dy/dx of an elementwise function."""
    return torch.autograd.grad(y.sum(), x, create_graph=True)[0]


# The rows: a = f'(e^l) and b = e^l f'(e^l) - f(e^l) of a convex f

F_AT_ONE = {"gan": -math.log(4), "lecam": -0.5, "nonsat": math.log(4) - 1}


@pytest.fixture(name="l")
def moderate_log_ratios() -> Tensor:
    """Log ratios within every row's cap."""
    return torch.linspace(-4, 4, 1001, dtype=torch.double, requires_grad=True)


@each_row
def test_row_is_its_f_in_the_log_ratio(divergence: FDivergence, l: Tensor) -> None:
    u = l.exp()
    f_slope = slope(divergence.f(u), u)
    torch.testing.assert_close(divergence.on_model(l), f_slope, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(
        divergence.on_reference(l), u * f_slope - divergence.f(u), atol=1e-12, rtol=1e-12
    )


@each_row
def test_both_sides_balance_at_the_true_ratio(divergence: FDivergence, l: Tensor) -> None:
    on_model, on_reference = slope(divergence.on_model(l), l), slope(divergence.on_reference(l), l)
    torch.testing.assert_close(on_reference, l.exp() * on_model, atol=1e-12, rtol=1e-12)
    assert (on_model > 0).all()


@pytest.mark.parametrize("name", DIVERGENCES)
def test_f_is_convex_and_known_where_model_and_reference_agree(name: str, l: Tensor) -> None:
    f, u = DIVERGENCES[name].f, l.exp()
    assert (slope(slope(f(u), u), u) > 0).all()
    assert f(torch.ones(1, dtype=torch.double)).item() == pytest.approx(F_AT_ONE.get(name, 0), abs=1e-15)


# The lower bound, by quadrature between Gaussians

Z = torch.linspace(-16, 16, 8001, dtype=torch.double)

PAIRS = {  # (mean, standard deviation) of the reference p and of the model q
    "narrower": ((0, 1), (0.5, 0.8)),
    "shifted": ((0, 1), (1, 1)),
    "half as wide, off centre": ((0, 2), (1, 1)),
    "half as wide": ((0, 1), (0, 0.5)),
}
DIVERGENCE_OF = {  # of each pair; chi-square from the wider side is infinite
    "kl": (0.16814355, 0.5, 0.44314718, 0.31814718),
    "rkl": (0.25341895, 0.5, 1.30685282, 0.80685282),
    "jeffreys": (0.42156250, 1.0, 1.75, 1.125),
    "gan": (-1.29281024, -1.16345140, -1.12994442, -1.20082760),
    "js2": (0.09348412, 0.22284296, 0.25634994, 0.18546676),
    "pearson": (0.28817274, 1.71828183, 0.74402634, 0.51185789),
    "neyman": (1.95368304, 1.71828183, math.inf, math.inf),
    "hellinger": (0.09840859, 0.23500619, 0.29838908, 0.21114562),
    "lecam": (-0.45669371, -0.39797287, -0.39125872, -0.42000888),
}
FINITE = [
    pytest.param(name, pair, value, id=f"{name}-{pair}")
    for name, values in DIVERGENCE_OF.items()
    for pair, value in zip(PAIRS, values, strict=True)
    if math.isfinite(value)
]


def log_densities(pair: str) -> tuple[Tensor, Tensor]:
    """log p and log q on the grid Z."""
    p, q = (Normal(*torch.tensor(moments, dtype=torch.double)).log_prob(Z) for moments in PAIRS[pair])
    return p, q


def bound(divergence: FDivergence, pair: str, log_ratio: Tensor) -> Tensor:
    """J = E_q[a(l)] - E_p[b(l)]."""
    p, q = (log_density.exp() for log_density in log_densities(pair))
    integrand = q * divergence.on_model(log_ratio) - p * divergence.on_reference(log_ratio)
    return torch.trapezoid(integrand, Z)


@pytest.mark.parametrize(("name", "pair", "value"), FINITE)
def test_bound_is_the_divergence_at_the_true_ratio(name: str, pair: str, value: float) -> None:
    p, q = log_densities(pair)
    assert bound(EXACT[name], pair, q - p).item() == pytest.approx(value, abs=1e-7)
    assert torch.trapezoid(p.exp() * EXACT[name].f((q - p).exp()), Z).item() == pytest.approx(value, abs=1e-7)


@pytest.mark.parametrize("size", [0.01, 0.1, 1])
@pytest.mark.parametrize("name", EXACT)
def test_bound_is_lower_at_any_other_ratio(name: str, size: float) -> None:
    p, q = log_densities("narrower")
    elsewhere = q - p + size * torch.randn(len(Z), generator=torch.Generator().manual_seed(0))
    assert bound(EXACT[name], "narrower", elsewhere) < bound(EXACT[name], "narrower", q - p)


@each_row
def test_bound_from_draws_adds_the_model_and_subtracts_the_reference(divergence: FDivergence) -> None:
    on_model, on_reference = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 0.5, 0.0])
    expected = divergence.on_model(on_model).mean() - divergence.on_reference(on_reference).mean()
    assert torch.equal(divergence.bound(on_model, on_reference), expected)


# What generators descend


GRADIENT_OF = {  # with respect to the mean and the standard deviation of q = N(0.5, 0.9^2); p = N(0, 1)
    "kl": (0.5, -0.211111),
    "log-ratio": (0.5, -0.211111),
    "rkl": (0.617284, -0.603567),
    "jeffreys": (1.117284, -0.814678),
    "gan": (0.255363, -0.160103),
    "js2": (0.255363, -0.160103),
    "pearson": (1.056028, -0.046540),
    "neyman": (2.483226, -4.653156),
    "hellinger": (0.266129, -0.178530),
    "lecam": (0.119195, -0.067367),
    "nonsat": (0.244637, -0.051008),
}
LOSS_IN_D = {  # D = 1 - sigmoid(l)
    "gan": lambda d: (1 - d).log(),
    "nonsat": lambda d: -d.log(),
    "log-ratio": lambda d: (1 - d).log() - d.log(),
}


@pytest.mark.parametrize(("name", "expected"), GRADIENT_OF.items(), ids=GRADIENT_OF)
def test_generator_descends_its_divergence_through_the_frozen_true_ratio(
    name: str, expected: tuple[float, float]
) -> None:
    loss = EXACT[name].on_model if name in EXACT else GENERATOR_LOSSES[name]
    moments = torch.tensor([0.5, 0.9], dtype=torch.double, requires_grad=True)
    p, q = Normal(0, 1), Normal(*moments.detach())
    noise, density = Z, Normal(0, 1).log_prob(Z).exp()
    draws = moments[0] + moments[1] * noise
    losses = loss(q.log_prob(draws) - p.log_prob(draws))
    (gradient,) = torch.autograd.grad(torch.trapezoid(density * losses, noise), moments)
    torch.testing.assert_close(gradient, torch.tensor(expected).double(), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "loss_in_d"), LOSS_IN_D.items(), ids=LOSS_IN_D)
def test_generator_loss_is_the_textbooks_in_d(name: str, loss_in_d: GeneratorLoss, l: Tensor) -> None:
    torch.testing.assert_close(GENERATOR_LOSSES[name](l), loss_in_d(1 - torch.sigmoid(l)))


def test_gan_row_is_the_binary_cross_entropy_of_minus_the_log_ratio(l: Tensor) -> None:
    fake, real = l, l.flip(0)
    cross_entropy = F.binary_cross_entropy_with_logits
    expected = cross_entropy(-real, torch.ones_like(l)) + cross_entropy(-fake, torch.zeros_like(l))
    torch.testing.assert_close(-DIVERGENCES["gan"].bound(fake, real), expected)


# Far from the truth, in every precision

each_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)

ROUNDING = 1e-6
SIDES = {
    **{f"{name}, model": divergence.on_model for name, divergence in DIVERGENCES.items()},
    **{f"{name}, reference": divergence.on_reference for name, divergence in DIVERGENCES.items()},
    **{name: loss for name, loss in GENERATOR_LOSSES.items() if name != LEAST_SQUARES},
}


@each_dtype
@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
def test_losses_are_finite_and_rise_with_the_log_ratio(side: GeneratorLoss, dtype: torch.dtype) -> None:
    tail = torch.cat([torch.linspace(0, 20, 321), torch.logspace(1.5, 4, 40)])
    l = torch.cat([-tail.flip(0), tail]).to(dtype).requires_grad_()
    value = side(l)
    gradient = slope(value, l)
    assert value.dtype == torch.float32
    assert value.isfinite().all()
    assert gradient.isfinite().all()
    assert (gradient >= -ROUNDING).all()
    assert (value.diff() >= -ROUNDING * value[1:].abs().clamp_min(1)).all()
    assert value[-1] > value[0]


@pytest.mark.parametrize("divergence", EXACT.values(), ids=EXACT)
def test_bounded_rows_are_those_in_which_no_draw_outweighs_another(divergence: FDivergence) -> None:
    l = torch.linspace(-20, 20, 401, dtype=torch.double, requires_grad=True)
    steepest = max(slope(side(l), l).max().item() for side in (divergence.on_model, divergence.on_reference))
    assert (steepest <= 1) == divergence.is_bounded


@pytest.mark.parametrize("offset", [-1e-9, 0, 1e-9], ids=["below", "at", "above"])
def test_safe_exponential_is_smooth_at_its_cap(offset: float) -> None:
    exponent = torch.tensor([6 + offset], dtype=torch.double, requires_grad=True)
    value = exp_safe(exponent, cap=6)
    gradient = slope(value, exponent)
    curvature = slope(gradient, exponent)
    expected = torch.tensor([math.exp(6)], dtype=torch.double)
    for order in (value, gradient, curvature):
        torch.testing.assert_close(order, expected, rtol=1e-8, atol=0)


def test_safe_exponential_is_exact_below_its_cap(l: Tensor) -> None:
    assert torch.equal(exp_safe(l, cap=6), l.exp())
    assert torch.equal(exp_safe(10 * l, cap=math.inf), (10 * l).exp())


@pytest.mark.parametrize("ratio", [1000.0, 1e6])
def test_ratio_beyond_the_cap_has_a_finite_optimum(ratio: float) -> None:
    optimum = torch.tensor([6 + ratio / math.exp(6) - 1], dtype=torch.double, requires_grad=True)
    kl = DIVERGENCES["kl"]
    balance = ratio * slope(kl.on_model(optimum), optimum) - slope(kl.on_reference(optimum), optimum)
    assert balance.item() == pytest.approx(0, abs=1e-9 * ratio)
