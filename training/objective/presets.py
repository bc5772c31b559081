"""The objectives that have a name: losses, noise, and what they charge of the conditional ratio."""

from dataclasses import dataclass, replace

from training.objective.divergences import GENERATOR_LOSSES, LEAST_SQUARES, RATIO_LOSSES
from training.objective.joints import Sampling
from training.objective.likelihoods import Reduction
from training.objective.sjmvi import SJMVI, Weights


@dataclass(frozen=True)
class Preset:
    """Names into the tables, and the conditioning that its ratios take (see TwoHeadRatio)."""

    divergence: str
    generator_loss: str
    sampling: Sampling
    conditioning: float
    ratio_weight: float = 1.0

    def objective(self, weights: Weights, reduction: Reduction) -> SJMVI:
        """`weights.ratio` multiplies the preset's own."""
        return SJMVI(
            RATIO_LOSSES[self.divergence],
            GENERATOR_LOSSES[self.generator_loss],
            self.sampling,
            replace(weights, ratio=self.ratio_weight * weights.ratio),
            reduction,
        )


PRESETS: dict[str, Preset] = {
    "paper-gan": Preset("gan", "log-ratio", Sampling("model", "both"), conditioning=1.0),
    "paper-kl": Preset("kl", "log-ratio", Sampling("model", "both"), conditioning=1.0),
    "cyclegan": Preset(
        LEAST_SQUARES, LEAST_SQUARES, Sampling(0.0, "none"), conditioning=0.0, ratio_weight=0.5
    ),
}
"""`cyclegan` equals Zhu et al. (2017), https://arxiv.org/abs/1703.10593, for maps without codes and a fixed
Laplace scale, up to the constant of its likelihoods."""
