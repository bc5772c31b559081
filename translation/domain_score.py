"""How much at home a picture is in a domain: what the domain's log ratio sees in it, ranked among pictures
that the ratio never learned from.

    l(v)   log q(v)/p*(v), the mean over patches: large where v looks like none of the domain
    d(v)   mean_c ((phi_c(v) - m_c) / s_c)^2 of the features phi that l is computed from, m and s those of the
           held-out pictures: where it is large, v is outside of what l was learned from, and l means nothing
    a(v)   the larger of l and log d, both in units in which the held-out pictures have a median of 0 and a
           ninth decile of 1: v's oddness

The score is the conformal p-value (1 + #{held-out pictures at least as odd}) / (n + 1): of pictures like the
held-out ones, at most a share of alpha has a score up to alpha, however well or badly a(v) tells others from
them. Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, section 2.2; for anomalies
Laxhammar and Falkman (2010). Each held-out picture is left out of the m and s of its own oddness, so that it
is no less odd than a new picture.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from translation.discriminators.patch import ConditionalPatchGAN
from translation.model import DensityRatios

MIN_HELD_OUT = 19  # fewer cannot say of any picture that a twentieth of the domain is like it
_FLOOR = 1e-3  # of a scale: what never varies would make every other value infinitely odd


class Calibration(nn.Module):
    """One domain's held-out pictures as its log ratio sees them. Traits are (B, 1 + features), see there."""

    mean: Tensor
    scale: Tensor
    centre: Tensor
    spread: Tensor
    oddness: Tensor

    def __init__(self, features: int, pictures: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.register_buffer("centre", torch.zeros(2))
        self.register_buffer("spread", torch.ones(2))
        self.register_buffer("oddness", torch.zeros(pictures))

    @classmethod
    def of(cls, traits: Tensor) -> Self:
        """Of MIN_HELD_OUT pictures or more. Raises ValueError where they are fewer."""
        if len(traits) < MIN_HELD_OUT:
            raise ValueError(f"{len(traits)} held-out pictures, needed are {MIN_HELD_OUT}")
        traits = traits.double().cpu()
        features = traits[:, 1:]
        evidence = _evidence(traits, *_moments_without_each(features))
        found = cls(features.shape[1], len(traits))
        found.mean, found.scale = features.mean(0).float(), _scale(features.var(0, correction=0)).float()
        found.centre = evidence.quantile(0.5, dim=0).float()
        found.spread = (evidence.quantile(0.9, dim=0) - found.centre).clamp(min=_FLOOR).float()
        found.oddness = found._oddness(evidence).float()
        return found

    def forward(self, traits: Tensor) -> Tensor:
        """Scores (B,) from 1 / (n + 1) to 1."""
        oddness = self._oddness(_evidence(traits, self.mean, self.scale))
        at_least_as_odd = (self.oddness >= oddness[:, None]).sum(1)
        return (1 + at_least_as_odd).double() / (1 + len(self.oddness))

    def _oddness(self, evidence: Tensor) -> Tensor:
        return ((evidence - self.centre) / self.spread).amax(1)


@dataclass(frozen=True)
class DomainScorer:
    """The calibrated domains of a model, by name, and the log-ratio networks that judge their pictures."""

    judges: Mapping[str, ConditionalPatchGAN]
    calibrations: Mapping[str, Calibration]

    def __call__(self, picture: Tensor, domain: str) -> float | None:
        """Of one picture (1, 3, H, W) in [-1, 1], its short side at the training size; None of a domain that
        is not calibrated."""
        if domain not in self.calibrations:
            return None
        with torch.inference_mode():
            return float(self.calibrations[domain](self.judges[domain].traits(picture)))

    def to(self, device: torch.device) -> Self:
        for network in (*self.judges.values(), *self.calibrations.values()):
            network.to(device)
        return self

    @property
    def size_bytes(self) -> int:
        networks = (*self.judges.values(), *self.calibrations.values())
        return sum(tensor.nbytes for network in networks for tensor in network.state_dict().values())


def judges_of(ratios: DensityRatios, domains: tuple[str, str]) -> dict[str, ConditionalPatchGAN]:
    """By the domain whose pictures they know; domains are (observed, latent)."""
    return {domains[0]: ratios.observed, domains[1]: ratios.latent}  # type: ignore[dict-item]


def calibrate(judge: ConditionalPatchGAN, pictures: Iterable[Tensor]) -> Calibration:
    """On pictures of one domain that no weight was learned from, each (1, 3, H, W) as the scorer's is.

    Raises ValueError where they are fewer than MIN_HELD_OUT.
    """
    with torch.inference_mode():
        return Calibration.of(torch.cat([judge.traits(picture).cpu() for picture in pictures]))


def _evidence(traits: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """(B, 2): l and log d."""
    log_ratios, features = traits[:, :1], traits[:, 1:]
    distance = ((features - mean) / scale).square().mean(1, keepdim=True)
    return torch.cat([log_ratios, distance.clamp(min=_FLOOR).log()], dim=1)


def _moments_without_each(values: Tensor) -> tuple[Tensor, Tensor]:
    """For each row of (N, K) the mean and the scale of all others, (N, K) both."""
    others = len(values) - 1
    mean = (values.sum(0) - values) / others
    centred = values - values.mean(0)
    squares = (centred.square().sum(0) - centred.square()) / others
    return mean, _scale(squares - (mean - values.mean(0)).square())


def _scale(variance: Tensor) -> Tensor:
    return variance.clamp(min=0).sqrt().clamp(min=_FLOOR)
