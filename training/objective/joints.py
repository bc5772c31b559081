"""The two joints and their draws.

    q(x, z) = q*(x) q(z|x)    z = G(eps; x)  = m(x)  + noise        judged by r(z; x) = q(z|x) / p*(z)
    p(x, z) = p*(z) p(x|z)    x = F(xi; z)   = mu(z) + noise        judged by r(x; z) = p(x|z) / q*(x)

Sampling noise and likelihood scale are separate parameters, because the limits of Proposition 1 send the
first to zero and keep the second finite. Tiao, Bonilla and Ramos (2018), eqs. 3, 4 and appendix C.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from training.objective.augmentation import Augment
from training.objective.likelihoods import CodedMap, Density, StochasticMap

NoiseScale = float | Literal["model"]
RatioNoise = Literal["both", "draws", "none"]


@dataclass(frozen=True)
class Joint:
    """Pairs: `given` of the marginal, `drawn` of the conditional, and `judged`, the draws as the ratio
    sees them; the `code` (B, k) of the draws where it was kept."""

    given: Tensor
    drawn: Tensor
    judged: Tensor
    conditional: Density
    code: Tensor | None = None

    def detached(self) -> "Joint":
        """The same pairs without a graph: what ratio estimators learn from."""
        code = None if self.code is None else self.code.detach()
        return Joint(self.given, self.drawn.detach(), self.judged.detach(), self.conditional.detach(), code)

    def read(self, reach: float) -> Tensor:
        """The draws as they are. Of a gradient with respect to them, the share `reach` passes on to the
        map that drew."""
        return torch.lerp(self.drawn.detach(), self.drawn, reach) if reach < 1 else self.drawn

    def seen(self, augment: Augment) -> "Joint":
        """The pairs as a ratio that looks through `augment` sees them; what is decoded stays as it is."""
        judged, given = augment(self.judged, self.given)
        return replace(self, judged=judged, given=given)


@dataclass(frozen=True)
class Sampling:
    """How much noise a draw carries, and what the ratios see of it.

    noise       "model" (the density's own scale, the paper) or a number on the pictures' scale (0: CycleGAN)
    ratio_noise "both": noise on draws and on references, so that the noise itself tells nothing and the prior
                is its kernel density estimate ("model" noise of a scale per pixel tells something still: a
                reference has that of another picture); "draws": as the paper writes it; "none": ratios judge
                means
    """

    noise: NoiseScale = "model"
    ratio_noise: RatioNoise = "both"

    @property
    def _scale(self) -> float | None:
        return None if self.noise == "model" else self.noise

    def draw(self, conditional: StochasticMap, given: Tensor) -> Joint:
        return self._joint(conditional(given), given)

    def draw_coded(self, conditional: CodedMap, given: Tensor) -> Joint:
        code = conditional.draw_code(given)
        return self._joint(conditional(given, code), given, code)

    def _joint(self, density: Density, given: Tensor, code: Tensor | None = None) -> Joint:
        drawn = density.rsample(self._scale)
        judged = density.mean if self.ratio_noise == "none" else drawn
        return Joint(given, drawn, judged, density, code)

    def reference(self, samples: Tensor, joint: Joint) -> Tensor:
        """Samples of the true marginal, as the ratio that judges `joint` is to see them."""
        if self.ratio_noise != "both" or self.noise == 0:
            return samples
        with torch.no_grad():
            density = joint.conditional
            return samples + (density.rsample(self._scale) - density.mean)
