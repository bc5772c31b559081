"""How well a ratio that is learned by each f measures a divergence that is known.

    x ~ N(0, I)      p*(z) = N(0, I)      q(z|x) = N(rho x + m 1, (1 - rho^2) I)      x and z of K dimensions

    E KL[q(z|x) || p*(z)] = -K/2 log(1 - rho^2) + K/2 m^2      information of x and z + KL[q(z) || p*(z)]

Half of the nats are planted in each of the two terms, and E_q[log r] is to find them. log r is quadratic in
(z, x), and so is the network: what is missed is missed by f, or by the descent on its bound. The rows rkl,
jeffreys and neyman weigh draws of q by e^-l or its square; from K log 2 nats on already the variance of e^-l,
chi^2(p* || q), is infinite.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.experiments.results import ReportShare, Results, complete
from training.objective.divergences import DIVERGENCES, FDivergence
from training.objective.joints import Joint
from training.objective.ratios import FreeRatio, LogRatio, StructuredRatio
from training.optimisers import linear_decay
from translation.distributions import Normal


@dataclass(frozen=True)
class Protocol:
    """`nats` are planted side by side, each learned by a network of its own. Adam, whose rate falls linearly
    over the second half of the steps; every step has fresh draws, and so has the measurement after them."""

    nats: tuple[float, ...] = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
    dimensions: int = 2
    steps: int = 3000
    batch_size: int = 512
    rate: float = 0.1
    measured: int = 20_000

    def conditional(self, given: Tensor) -> Normal:
        """q(z|x). Rows come plant after plant, as many of each."""
        half = (torch.tensor(self.nats) / self.dimensions).repeat_interleave(len(given) // len(self.nats))
        scale = (-half / 2).exp()[:, None]
        return Normal((1 - scale.square()).sqrt() * given + half.sqrt()[:, None], scale.expand_as(given))

    def draw(self, count: int, generator: torch.Generator) -> tuple[Joint, Tensor]:
        """`count` pairs of q* and q(z|x) for each plant, and as many draws of p*."""
        shape = (count * len(self.nats), self.dimensions)
        x, reference = (torch.randn(shape, generator=generator) for _ in range(2))
        density = self.conditional(x)
        z = density.rsample(generator=generator)
        return Joint(x, z, z, density), reference


class Quadratics(nn.Module):
    """For each plant an own function, linear in the products of up to two of its inputs; 0 at first.

    The products are taken orthonormal over the examples, lists of inputs: then one rate suits them all.
    """

    def __init__(self, plants: int, examples: Sequence[Sequence[Tensor]]) -> None:
        super().__init__()
        self.plants = plants
        inputs = sum(part.shape[1] for part in examples[0])
        self.rows, self.columns = torch.triu_indices(inputs + 1, inputs + 1)
        products = torch.cat([self._products(*each).double() for each in examples], dim=1)
        moments = products.mT @ products / products.shape[1]
        self.whitening = torch.linalg.inv(torch.linalg.cholesky(moments)).mT.float()
        self.weight = nn.Parameter(torch.zeros(plants, len(self.rows), 1))

    def forward(self, *inputs: Tensor) -> Tensor:
        log_ratio: Tensor = self._products(*inputs) @ (self.whitening @ self.weight)
        return log_ratio.flatten()

    def _products(self, *inputs: Tensor) -> Tensor:
        """(plants, rows, products)"""
        values = torch.cat([torch.ones_like(inputs[0][:, :1]), *inputs], dim=1)
        products = values.index_select(1, self.rows) * values.index_select(1, self.columns)
        return products.view(self.plants, -1, len(self.rows))


def free(protocol: Protocol, joint: Joint, reference: Tensor) -> LogRatio:
    examples = [(judged, joint.given) for judged in (joint.judged, reference)]
    return FreeRatio(Quadratics(len(protocol.nats), examples))


def structured(protocol: Protocol, joint: Joint, reference: Tensor) -> LogRatio:
    examples = [(judged,) for judged in (joint.judged, reference)]
    return StructuredRatio(Quadratics(len(protocol.nats), examples), protocol.conditional)


@dataclass(frozen=True)
class Method:
    divergence: FDivergence
    ratio: Callable[[Protocol, Joint, Tensor], LogRatio]


METHODS = {
    **{name: Method(divergence, free) for name, divergence in DIVERGENCES.items()},
    "structured": Method(DIVERGENCES["gan"], structured),
}


def measure(protocol: Protocol, method: str, seed: int, report: ReportShare) -> Mapping[str, float]:
    """E_q[log r] and the mean of r over the references, 1 at the truth, for each plant."""
    generator = torch.Generator().manual_seed(seed)
    ratio = _learn(protocol, METHODS[method], generator, report)
    joint, reference = protocol.draw(protocol.measured, generator)
    with torch.no_grad():
        on_draws = ratio(joint.judged, joint.given).view(len(protocol.nats), -1)
        on_reference = ratio(reference, joint.given).view(len(protocol.nats), -1).double()
    figures = zip(protocol.nats, on_draws.mean(1).tolist(), on_reference.exp().mean(1).tolist(), strict=True)
    return {
        name: value
        for nats, estimate, mean_ratio in figures
        for name, value in ((estimate_of(nats), estimate), (f"mean ratio at {nats:g} nats", mean_ratio))
    }


def estimate_of(nats: float) -> str:
    """The metric's name."""
    return f"estimate of {nats:g} nats"


def _learn(protocol: Protocol, method: Method, generator: torch.Generator, report: ReportShare) -> LogRatio:
    ratio = method.ratio(protocol, *protocol.draw(protocol.measured, generator))
    optimiser = torch.optim.Adam(ratio.parameters(), protocol.rate, (0.5, 0.999))
    decay = partial(linear_decay, steps=protocol.steps, decay_from=0.5)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, decay)
    for step in range(protocol.steps):
        joint, reference = protocol.draw(protocol.batch_size, generator)
        optimiser.zero_grad()
        ratio.loss(method.divergence, joint, reference).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        report((step + 1) / protocol.steps)
    return ratio


def run(out: Path, seeds: int, protocol: Protocol | None = None) -> dict[str, Any]:
    """What OUT/results.json then holds; seeds are 0, 1, ... Raises OtherResults."""
    protocol = protocol or Protocol()
    results = Results(out / "results.json", asdict(protocol), range(seeds))
    complete(results, list(METHODS), partial(measure, protocol))
    return results.table()


def biases(table: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the estimates are too large by, and their deviation over the seeds, in nats: "-2.37±0.03".

    By method and plant; ten characters at most, so that a row fits a terminal.
    """
    return {
        method: {f"{nats:g} nats": _bias(nats, metrics) for nats in table["protocol"]["nats"]}
        for method, metrics in table["methods"].items()
    }


def _bias(nats: float, metrics: Mapping[str, Any]) -> str:
    estimate = metrics[estimate_of(nats)]
    if estimate["mean"] is None:
        return "not finite"
    bias = estimate["mean"] - nats
    decimals = 2 if abs(bias) < 10 else 1
    deviation = "" if estimate["std"] is None else f"±{estimate['std']:.{decimals}f}"
    return f"{bias:+.{decimals}f}{deviation}"
