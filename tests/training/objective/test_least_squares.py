"""LSGAN as Mao et al. (2017) have it, D = 1/2 - l, and under a sigmoid, where it is LeCam's row."""

# ruff: noqa: E741 - l is the symbol of the log ratio
import torch
from torch import Tensor
from torch.distributions import Normal

from training.objective.divergences import (
    DIVERGENCES,
    GENERATOR_LOSSES,
    LEAST_SQUARES,
    RATIO_LOSSES,
    FDivergence,
)

L = torch.linspace(-4, 4, 1001, dtype=torch.double)
Z = torch.linspace(-16, 16, 8001, dtype=torch.double)
P, Q = (Normal(*torch.tensor(moments, dtype=torch.double)) for moments in ((0, 2), (1, 1)))
LOG_R = Q.log_prob(Z) - P.log_prob(Z)


def judged_by(d_fake: Tensor, d_real: Tensor) -> Tensor:
    return (d_real - 1).square().mean() + d_fake.square().mean()


def bound(loss: FDivergence, l: Tensor) -> Tensor:
    """J = E_q[a(l)] - E_p[b(l)], by quadrature."""
    p, q = P.log_prob(Z).exp(), Q.log_prob(Z).exp()
    return torch.trapezoid(q * loss.on_model(l) - p * loss.on_reference(l), Z)


def test_nothing_bounds_the_discriminator() -> None:
    d_fake, d_real = 0.5 - L, 0.5 - L / 2
    torch.testing.assert_close(-RATIO_LOSSES[LEAST_SQUARES].bound(L, L / 2), judged_by(d_fake, d_real))
    torch.testing.assert_close(GENERATOR_LOSSES[LEAST_SQUARES](L), (d_fake - 1).square())


def test_lecams_row_is_the_same_under_a_sigmoid() -> None:
    d_fake, d_real = torch.sigmoid(-L), torch.sigmoid(-L / 2)
    torch.testing.assert_close(-DIVERGENCES["lecam"].bound(L, L / 2), judged_by(d_fake, d_real))


def test_the_optimum_is_half_the_tangent_and_as_good_as_lecams() -> None:
    least_squares, best = RATIO_LOSSES[LEAST_SQUARES], torch.tanh(LOG_R / 2) / 2
    lecam = bound(DIVERGENCES["lecam"], LOG_R)
    torch.testing.assert_close(bound(least_squares, best), lecam)
    for elsewhere in (best + 0.1, best - 0.1, 2 * best, LOG_R):
        assert bound(least_squares, elsewhere) < lecam


def test_a_draw_that_is_found_out_is_pulled_the_harder_the_more_it_is() -> None:
    """By its distance to D = 1; under a sigmoid, not at all in the end."""
    l = torch.tensor([0.5, 2.0, 8.0], dtype=torch.double, requires_grad=True)
    (pull,) = torch.autograd.grad(GENERATOR_LOSSES[LEAST_SQUARES](l).sum(), l)
    torch.testing.assert_close(pull, 2 * (l.detach() + 0.5))
