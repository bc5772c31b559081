"""The banana, the paper's implicit prior: a correlated Gaussian bent along a parabola.

    y ~ N(0, [[1, rho], [rho, 1]])        z = (y1, y2 - y1^2 - 1)        rho = 0.95

The map has unit Jacobian, so log p(z) = log N(z1, z2 + z1^2 + 1). SJMVI sees its samples alone; its density
and the divergence from it serve the baselines and the measurements.

Haario, Saksman and Tamminen (1999); Tiao, Bonilla and Ramos (2018), section 7.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Banana:
    """`correlation` is rho, in (-1, 1)."""

    correlation: float = 0.95

    @property
    def mean(self) -> Tensor:
        """(2,)"""
        return torch.tensor([0.0, -2.0])

    @property
    def variance(self) -> Tensor:
        """(2,): z2 has that of y2, 1, and that of a squared standard normal, 2."""
        return torch.tensor([1.0, 3.0])

    @property
    def entropy(self) -> float:
        """Nats: the Gaussian's own, for bending keeps volume."""
        return 1 + self._log_normaliser

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """(count, 2), float32."""
        first, independent = torch.randn(2, count, generator=generator)
        second = self.correlation * first + math.sqrt(self._unexplained) * independent
        return torch.stack([first, second - first.square() - 1], dim=1)

    def log_prob(self, z: Tensor) -> Tensor:
        """(..., 2) -> (...), nats."""
        first, second = z[..., 0], z[..., 1] + z[..., 0].square() + 1
        return -self._energy(first.square(), first * second, second.square())

    def kl_from_normal(self, mean: Tensor, scale: Tensor) -> Tensor:
        """KL[N(mean, diag(scale^2)) || banana]: (..., 2), (..., 2) -> (...), nats, exactly."""
        m1, m2 = mean.unbind(-1)
        s1, s2 = scale.square().unbind(-1)
        shifted = m2 + 1
        first_squared = m1.square() + s1
        product = m1 * (shifted + m1.square() + 3 * s1)
        first_to_the_fourth = m1**4 + 6 * m1.square() * s1 + 3 * s1.square()
        second_squared = shifted.square() + s2 + 2 * shifted * first_squared + first_to_the_fourth
        entropy = math.log(2 * math.pi * math.e) + 0.5 * (s1 * s2).log()
        return self._energy(first_squared, product, second_squared) - entropy

    def _energy(self, first_squared: Tensor, product: Tensor, second_squared: Tensor) -> Tensor:
        """-log N(y; 0, Sigma), or its mean, from the second moments of y."""
        quadratic = first_squared - 2 * self.correlation * product + second_squared
        return 0.5 * quadratic / self._unexplained + self._log_normaliser

    @property
    def _unexplained(self) -> float:
        """Var[y2 | y1], the determinant of Sigma."""
        return 1 - self.correlation**2

    @property
    def _log_normaliser(self) -> float:
        return math.log(2 * math.pi) + 0.5 * math.log(self._unexplained)
