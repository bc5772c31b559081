"""How much at home a picture is in a domain: what the domain's log ratio sees in it, ranked among pictures
that the ratio never learned from.

    l(v)   log q(v)/p*(v), the mean over patches: large where v looks like none of the domain
    d(v)   mean_c ((phi_c(v) - m_c) / s_c)^2 of the features phi that l is computed from, m and s those of all
           other pictures: where it is large, v is outside of what l was learned from, and l means nothing
    a(v)   the larger of l and log d, in units in which all pictures have a median of 0 and a ninth decile of
           1: v's oddness

The score is the conformal p-value of the picture: the share of the n held-out pictures and itself that are at
least as odd. Of pictures that could as well have been held out, at most a share alpha scores alpha or less,
however well or badly a tells others from them. That is on average over sets of n; a single set has its own
luck. Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, section 2.2; for anomalies
Laxhammar and Falkman (2010). It is exact because the new picture and the held-out ones are treated alike:
each is compared with all others of the n + 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from translation.discriminators import Discriminator
from translation.model import DensityRatios

MIN_HELD_OUT = 19  # of fewer, no score could be as small as a twentieth
MAX_HELD_OUT = 2000  # they are right to a hundredth, and each scored picture is held against them all
_FLOOR = 1e-3  # of a scale: what never varies would make every other value infinitely odd


class Calibration(nn.Module):
    """What one domain's log ratio sees in held-out pictures of it: their traits (n, 1 + features)."""

    traits: Tensor

    def __init__(self, pictures: int, features: int) -> None:
        super().__init__()
        self.register_buffer("traits", torch.zeros(pictures, 1 + features))

    @classmethod
    def of(cls, traits: Tensor) -> Self:
        """Of MIN_HELD_OUT pictures or more, see Discriminator.traits."""
        found = cls(len(traits), traits.shape[1] - 1)
        found.traits.copy_(traits)
        return found

    def forward(self, traits: Tensor) -> float:
        """The score of one picture by its traits (1, 1 + features), from 1 / (n + 1) to 1."""
        oddness = _oddness(torch.cat([self.traits, traits]).double())
        return float((oddness >= oddness[-1]).double().mean())


@dataclass(frozen=True)
class DomainScorer:
    """The calibrated domains of a model, by name, and the log-ratio networks that judge their pictures."""

    judges: Mapping[str, Discriminator]
    calibrations: Mapping[str, Calibration]

    def __call__(self, picture: Tensor, domain: str) -> float | None:
        """Of one picture (1, 3, H, W) in [-1, 1], its short side at the training size; None of a domain that
        is not calibrated."""
        if domain not in self.calibrations:
            return None
        with torch.inference_mode():
            score: float = self.calibrations[domain](self.judges[domain].traits(picture))
            return score

    def to(self, device: torch.device) -> Self:
        for network in (*self.judges.values(), *self.calibrations.values()):
            network.to(device)
        return self

    @property
    def size_bytes(self) -> int:
        networks = (*self.judges.values(), *self.calibrations.values())
        tensors = (tensor for network in networks for tensor in (*network.parameters(), *network.buffers()))
        return sum(tensor.nbytes for tensor in tensors)


def judges_of(ratios: DensityRatios, domains: tuple[str, str]) -> dict[str, Discriminator]:
    """By the domain whose pictures they know; domains are (observed, latent)."""
    return {domains[0]: ratios.observed, domains[1]: ratios.latent}  # type: ignore[dict-item]


def _oddness(traits: Tensor) -> Tensor:
    """(N,) of (N, 1 + features), each row compared with all others; the median and the decile are of all
    rows."""
    log_ratios, features = traits[:, :1], traits[:, 1:]
    mean, scale = _moments_without_each(features)
    distances = ((features - mean) / scale).square().mean(1, keepdim=True)
    evidence = torch.cat([log_ratios, distances.clamp(min=_FLOOR).log()], dim=1)
    centre = evidence.quantile(0.5, dim=0)
    spread = (evidence.quantile(0.9, dim=0) - centre).clamp(min=_FLOOR)
    return ((evidence - centre) / spread).amax(1)


def _moments_without_each(values: Tensor) -> tuple[Tensor, Tensor]:
    """For each row of (N, K) the mean and the scale of all others, (N, K) both."""
    others = len(values) - 1
    mean = (values.sum(0) - values) / others
    centred = values - values.mean(0)
    squares = (centred.square().sum(0) - centred.square()) / others
    variance = squares - (mean - values.mean(0)).square()
    return mean, variance.clamp(min=0).sqrt().clamp(min=_FLOOR)
