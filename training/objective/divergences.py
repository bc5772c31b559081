"""f-divergences, estimated from samples through a density ratio r = q / p: model over reference.

    D_f[p || q] := E_p[f(r)] >= E_q[f'(r)] - E_p[f*(f'(r))]    equality where r is the true ratio

Every row is written in the log ratio l = log r, the output of the ratio network:

    a(l) = f'(e^l)    on draws of the model      b(l) = f*(f'(e^l)) = e^l f'(e^l) - f(e^l)    on the reference

so that one network serves every f, its optimum is l = log q/p for each of them, and no logarithm of a
sigmoid is ever taken. Nguyen et al. (2010), https://arxiv.org/abs/0809.0853; Tiao et al. (2018), Table 2.
"""

# ruff: noqa: E741 - l is the symbol of the log ratio
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Exp = Callable[[Tensor], Tensor]


def exp_safe(exponent: Tensor, cap: float = 6.0) -> Tensor:
    """exp up to `cap`, beyond it the parabola that agrees in value, slope and curvature.

    Convex, so every ratio keeps a finite optimum; a hard clamp has no gradient and a linear tail no optimum.
    """
    if math.isinf(cap):
        return exponent.exp()
    excess = F.relu(exponent - cap)
    capped = torch.where(excess > 0, cap, exponent)  # a clamp would lose the gradient where exponent = cap
    return capped.exp() * (1 + excess + 0.5 * excess.square())


@dataclass(frozen=True)
class FDivergence:
    """One row of the table. Beyond `cap` its exponentials continue as parabolas (inf: they are exact).

    is_bounded: the gradient in the log ratio of a draw is bounded, |a'(l)|, |b'(l)| <= 1, or, in least
    squares, at most twice the distance from its target. In the other rows it grows as an exponential of l, so
    that few draws can carry a ratio away. learns_log_ratio: the optimum is log r.
    """

    f: Callable[[Tensor], Tensor]
    a: Callable[[Tensor, Exp], Tensor]
    b: Callable[[Tensor, Exp], Tensor]
    cap: float = 6.0
    is_bounded: bool = False
    learns_log_ratio: bool = True

    def on_model(self, log_ratio: Tensor) -> Tensor:
        """a(l), elementwise, float32 or wider; its mean over the model's draws is what the bound adds."""
        return self.a(_widen(log_ratio), self._exp)

    def on_reference(self, log_ratio: Tensor) -> Tensor:
        """b(l), elementwise, float32 or wider; its mean over the reference is what the bound subtracts."""
        return self.b(_widen(log_ratio), self._exp)

    def bound(self, on_model: Tensor, on_reference: Tensor) -> Tensor:
        """J = E_q[a(l)] - E_p[b(l)] <= D_f[p || q], from log ratios at draws of q and of p; a scalar."""
        return self.on_model(on_model).mean() - self.on_reference(on_reference).mean()

    def _exp(self, exponent: Tensor) -> Tensor:
        return exp_safe(exponent, self.cap)


def _widen(log_ratio: Tensor) -> Tensor:
    return log_ratio.to(torch.promote_types(log_ratio.dtype, torch.float32))


def _squared(exp: Exp, log_ratio: Tensor) -> Tensor:
    """e^{2 l}: the square keeps l itself, not 2 l, below the cap."""
    return exp(log_ratio).square()


DIVERGENCES: dict[str, FDivergence] = {
    "kl": FDivergence(
        f=lambda u: u * u.log(),
        a=lambda l, exp: 1 + l,
        b=lambda l, exp: exp(l),
    ),
    "rkl": FDivergence(
        f=lambda u: -u.log(),
        a=lambda l, exp: -exp(-l),
        b=lambda l, exp: l - 1,
    ),
    "jeffreys": FDivergence(
        f=lambda u: (u - 1) * u.log(),
        a=lambda l, exp: l + 1 - exp(-l),
        b=lambda l, exp: exp(l) - 1 + l,
    ),
    "gan": FDivergence(
        f=lambda u: u * u.log() - (u + 1) * (u + 1).log(),
        a=lambda l, exp: -F.softplus(-l),
        b=lambda l, exp: F.softplus(l),
        is_bounded=True,
    ),
    "js2": FDivergence(
        f=lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
        a=lambda l, exp: math.log(2) - F.softplus(-l),
        b=lambda l, exp: F.softplus(l) - math.log(2),
        is_bounded=True,
    ),
    "pearson": FDivergence(
        f=lambda u: (u - 1).square(),
        a=lambda l, exp: 2 * (exp(l) - 1),
        b=lambda l, exp: _squared(exp, l) - 1,
    ),
    "neyman": FDivergence(
        f=lambda u: (1 - u).square() / u,
        a=lambda l, exp: 1 - _squared(exp, -l),
        b=lambda l, exp: 2 * (1 - exp(-l)),
    ),
    "hellinger": FDivergence(
        f=lambda u: (u.sqrt() - 1).square(),
        a=lambda l, exp: 1 - exp(-l / 2),
        b=lambda l, exp: exp(l / 2) - 1,
    ),
    "lecam": FDivergence(
        f=lambda u: -u / (1 + u),
        a=lambda l, exp: -torch.sigmoid(-l).square(),
        b=lambda l, exp: torch.sigmoid(l).square(),
        is_bounded=True,
    ),
    "nonsat": FDivergence(
        f=lambda u: (1 + u) * (1 + u).log() - u,
        a=lambda l, exp: F.softplus(l),
        b=lambda l, exp: exp(l) - F.softplus(l),
    ),
}
"""Rows by name. `gan` is 2 JS - log 4; `nonsat` serves generators."""

LEAST_SQUARES = "least-squares"
RATIO_LOSSES: dict[str, FDivergence] = {
    **DIVERGENCES,
    LEAST_SQUARES: FDivergence(
        f=DIVERGENCES["lecam"].f,
        a=lambda l, exp: -(0.5 - l).square(),
        b=lambda l, exp: (0.5 + l).square(),
        is_bounded=True,
        learns_log_ratio=False,
    ),
}
"""What ratios may be learned by: any row, or LSGAN, -J = E_q[D^2] + E_p[(1 - D)^2] of a D = 1/2 - l that
nothing bounds (Mao et al., 2017, https://arxiv.org/abs/1611.04076). That is no row: its l goes to
tanh(log r / 2) / 2, which orders pictures as log r does and is none. With D = sigmoid(-l) it would be
`lecam`, which is J's bound here too."""

GeneratorLoss = Callable[[Tensor], Tensor]

GENERATOR_LOSSES: dict[str, GeneratorLoss] = {
    **{name: divergence.on_model for name, divergence in DIVERGENCES.items()},
    "log-ratio": _widen,
    LEAST_SQUARES: lambda l: (0.5 + _widen(l)).square(),
}
"""What a generator minimises over its draws, given l: a(l) of any row (`gan` is minimax, GAN-A; `nonsat` is
-log D, GAN-B), `log-ratio` E[l], the gradient of the evidence bound (GAN-C, Proposition 3), or LSGAN's,
(1 - D)^2 of D = 1/2 - l, for ratios that are learned by it."""
