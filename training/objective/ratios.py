"""Density-ratio estimators: log r = log(model / reference) by classifying draws against references.

    r(z; x) = q(z|x) / p*(z)        D = 1 - sigmoid(log r), so log r is MINUS the usual discriminator logit

`FreeRatio` learns log r outright. `TwoHeadRatio` splits it into a marginal part, log q(z)/p*(z), and a
conditional part, log q(z|x)/q(z), whose expectation is the mutual information, and weighs the latter.
`StructuredRatio` uses that q(z|x) is known and learns log p*(z) alone; `SplitRatio` weighs the conditional
part of such a ratio. Tiao, Bonilla and Ramos (2018), section 4 and appendix G.

Networks return log ratios of shape (B,) or, per patch, (B, V, h, w) of V views; expectations average.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from training.objective.augmentation import Augment, unchanged
from training.objective.divergences import FDivergence
from training.objective.joints import Joint
from training.objective.likelihoods import Density


class LogRatio(nn.Module):
    """log r(judged; given). Subclasses say how it is computed and how it is learned."""

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        raise NotImplementedError

    def charge(self, joint: Joint) -> Tensor:
        """What the generator is charged for a joint's own draws: log r. Its gradient reaches the draws."""
        log_ratio: Tensor = self(joint.judged, joint.given)
        return log_ratio

    def loss(self, divergence: FDivergence, joint: Joint, reference: Tensor) -> Tensor:
        """-J, a scalar. `reference` (of the shape of `joint.judged`) is independent of `joint.given`."""
        return -divergence.bound(self(joint.judged, joint.given), self(reference, joint.given))


class FreeRatio(LogRatio):
    """log r = network(judged, given)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        log_ratio: Tensor = self.network(judged, given)
        return log_ratio


class TwoHeadRatio(LogRatio):
    """log r = marginal + conditional; the generator is charged marginal + conditioning * conditional.

    conditioning is in [0, 1]: 1 is the paper; 0 is CycleGAN, where no `given` is ever looked at. The network
    offers `marginal(judged)` and `heads(judged, context(given))`, the two parts. The marginal head fits
    q(z)/p*(z); the conditional head fits what the marginal one, held fixed, leaves of q(z|x)/p*(z).
    """

    def __init__(self, network: nn.Module, conditioning: float) -> None:
        super().__init__()
        self.network = network
        self.conditioning = conditioning

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return self._weigh(judged, given, conditioning=float(self.conditioning > 0))

    def charge(self, joint: Joint) -> Tensor:
        return self._weigh(joint.judged, joint.given, self.conditioning)

    def loss(self, divergence: FDivergence, joint: Joint, reference: Tensor) -> Tensor:
        if self.conditioning == 0:
            return -divergence.bound(self._marginal(joint.judged), self._marginal(reference))
        context = self._context(joint.given)
        drawn_marginal, drawn_conditional = self._heads(joint.judged, context)
        reference_marginal, reference_conditional = self._heads(reference, context)
        marginal = divergence.bound(drawn_marginal, reference_marginal)
        conditional = divergence.bound(
            drawn_marginal.detach() + drawn_conditional,
            reference_marginal.detach() + reference_conditional,
        )
        return -(marginal + conditional)

    def _weigh(self, judged: Tensor, given: Tensor, conditioning: float) -> Tensor:
        if conditioning == 0:
            return self._marginal(judged)
        marginal, conditional = self._heads(judged, self._context(given))
        return marginal + conditioning * conditional

    def _marginal(self, judged: Tensor) -> Tensor:
        log_ratio: Tensor = self.network.marginal(judged)  # type: ignore[operator]
        return log_ratio

    def _context(self, given: Tensor) -> object:
        context: object = self.network.context(given)  # type: ignore[operator]
        return context

    def _heads(self, judged: Tensor, context: object) -> tuple[Tensor, Tensor]:
        heads: tuple[Tensor, Tensor] = self.network.heads(judged, context)  # type: ignore[operator]
        return heads


class StructuredRatio(LogRatio):
    """log r = log q(judged | given) - s(judged), where s ~ log p* never sees `given`.

    The network s gives (B,) or (B, 1). Exact where a free network lags, for a latent of few dimensions and a
    map without codes; useless for pictures, where log q of a reference is astronomically negative.
    """

    def __init__(self, log_reference: nn.Module, conditional: Callable[[Tensor], Density]) -> None:
        super().__init__()
        self.log_reference = log_reference
        self._conditional = (conditional,)  # in a tuple: the map must not become a submodule of the ratio

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return self._under(self._conditional[0](given), judged)

    def charge(self, joint: Joint) -> Tensor:
        """log r with E[log q] for log q, whose pathwise gradient is noise of standard deviation 1/scale.

        For generator losses that are linear in log r, and draws that carry the density's own noise.
        """
        return -joint.conditional.entropy().flatten(1).sum(1) - self._log_reference(joint.judged)

    def loss(self, divergence: FDivergence, joint: Joint, reference: Tensor) -> Tensor:
        """-J, of the very density that made the draws: the map may have stepped since."""
        density = joint.conditional
        return -divergence.bound(self._under(density, joint.judged), self._under(density, reference))

    def _under(self, density: Density, judged: Tensor) -> Tensor:
        return density.log_prob(judged).detach().flatten(1).sum(1) - self._log_reference(judged)

    def _log_reference(self, judged: Tensor) -> Tensor:
        log_density: Tensor = self.log_reference(judged)
        return log_density.flatten()


class BridgedRatio(StructuredRatio):
    """A structured ratio whose s is learned from a bridge g, a density that is known and easy to draw from:

        log r = log q(judged | given) - log g(judged) + log g(judged) / p*(judged)

    of which only the last needs learning. If q is narrow, nearly every reference is told from its draws with
    certainty, and s learns next to nothing from them; g overlaps p* and never moves. Rhodes et al. (2020),
    https://arxiv.org/abs/2006.12204, section 3, with a bridge of one known end.
    """

    def __init__(
        self,
        log_reference: nn.Module,
        conditional: Callable[[Tensor], Density],
        bridge: torch.distributions.Distribution,
    ) -> None:
        super().__init__(log_reference, conditional)
        self.bridge = bridge

    def loss(self, divergence: FDivergence, joint: Joint, reference: Tensor) -> Tensor:
        """-J of g against the reference, whatever the joint draws."""
        return self.reference_loss(divergence, reference)

    def reference_loss(self, divergence: FDivergence, reference: Tensor) -> Tensor:
        """-J of g against `reference` (N, K), a scalar."""
        drawn = self.bridge.sample(reference.shape[:1])
        return -divergence.bound(self._over_reference(drawn), self._over_reference(reference))

    def _over_reference(self, judged: Tensor) -> Tensor:
        """log g / p*."""
        return self.bridge.log_prob(judged) - self._log_reference(judged)


class SplitRatio(LogRatio):
    """Any log ratio, charged as marginal + conditioning * (whole - marginal), conditioning in [0, 1].

    The network gives (B,) or (B, 1), log q(z)/p*(z), and is learned from the draws and the references alone.
    The rest of the whole ratio is log q(z|x)/q(z), whose expectation is the mutual information of z and x.
    Draws that crowd where p* is dense lower it, so that a large weight on the whole ratio does not bring q(z)
    to p*; a large weight on its marginal part does. 1 charges the whole, the paper.
    """

    def __init__(self, whole: LogRatio, marginal: nn.Module, conditioning: float) -> None:
        super().__init__()
        self.whole = whole
        self.marginal = marginal
        self.conditioning = conditioning

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        log_ratio: Tensor = self.whole(judged, given)
        return log_ratio

    def charge(self, joint: Joint) -> Tensor:
        marginal = self._marginal(joint.judged)
        return marginal + self.conditioning * (self.whole.charge(joint) - marginal)

    def loss(self, divergence: FDivergence, joint: Joint, reference: Tensor) -> Tensor:
        bound = divergence.bound(self._marginal(joint.judged), self._marginal(reference))
        return self.whole.loss(divergence, joint, reference) - bound

    def _marginal(self, judged: Tensor) -> Tensor:
        log_ratio: Tensor = self.marginal(judged)
        return log_ratio.flatten()


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Within, the module's parameters take no gradient; what flows through it still does."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def gradient_penalty(
    ratio: LogRatio, reference: Tensor, given: Tensor, augment: Augment = unchanged
) -> Tensor:
    """R1: E||grad_reference log r||^2 / 2, with respect to the judged picture only; a scalar.

    A picture's log r is the mean over its patches. They overlap, so that the slope of their sum grows with
    their number, and a penalty on that would leave a ratio that tells nothing apart.

    A ratio that looks through an augmentation T is penalised at T(reference), where it is evaluated, and the
    derivative goes through T: the slope of log r(T(.)) is the one that a map climbs where all of the ratio is
    charged. Without T the penalty would hold the ratio flat where it is never used, and for pixels beyond a
    hole or a frame, which no map can reach. The code of Karras et al. (2020),
    https://arxiv.org/abs/2006.06676, does the same.

    Mescheder et al. (2018), https://arxiv.org/abs/1801.04406. It biases log r towards small slopes: for
    pictures, where the true slope is out of reach anyway, not where the ratio itself is the result.
    """
    judged = reference.detach().requires_grad_()
    log_ratio = ratio(*augment(judged, given)).reshape(len(judged), -1).mean(1)
    (slope,) = torch.autograd.grad(log_ratio.sum(), judged, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(1).mean()
