"""Terms that are no part of the bound, for recipes that want them: identity, and the recovery of codes.

    identity         E_{q*(x)}[-log p(x | z := x)] + E_{p*(z)}[-log q(z | x := z)]
    code recovery    E[-log h(xi | F(xi; z), z)] + E[-log h(eps | G(eps; x), x)]

Identity: a map that is given a picture of its own target domain leaves it alone. Taigman et al. (2017),
https://arxiv.org/abs/1611.02200; Zhu et al. (2017), section 5.2, at half the weight of the cycle. It keeps
colours where they need not change. The code is drawn from the prior, so that the picture is left alone under
every code. That is the bound of `likelihoods` with h := N(0, I), whose KL is zero.

Code recovery: the code can be inferred from a translation and its source. The term bounds what they share,
I(xi; x | z) >= H(xi) - E[-log h(xi | x, z)], and its descent raises that bound. Without it a code only costs,
for the bound of the likelihoods has its KL, and dies where the cycle can do without. The noise encoder h is
taken as N(mean, I): a learned scale would reward ever finer marks once the code can be inferred. Chen et al.
(2016), https://arxiv.org/abs/1606.03657, fix that scale as well; the term is the latent regression of Zhu et
al. (2017b), https://arxiv.org/abs/1711.11586. They do not train their encoder by it, lest generator and
encoder hide the code in what no eye sees. Here the encoder is trained by it, since nothing else revives a
dead code, and it sees draws with their noise, under which little can be hidden.
"""

from dataclasses import dataclass

from torch import Tensor

from training.objective.augmentation import Augment
from training.objective.joints import Joint
from training.objective.likelihoods import CodedMap, Reduction, StochasticMap, negative_log_likelihood


@dataclass(frozen=True)
class BothWays:
    """A term of x = F(xi; z) and of z = G(eps; x), scalars."""

    observed: Tensor
    latent: Tensor


def identity(conditional: StochasticMap, target: Tensor, reduction: Reduction) -> Tensor:
    """A scalar, in nats as the likelihoods are; `target` is a picture of the map's own target domain."""
    return negative_log_likelihood(conditional(target), target, reduction)


def code_recovery(conditional: CodedMap, joint: Joint, augment: Augment) -> Tensor:
    """A scalar, nats: 0 when codes (B, k) are recovered exactly, k/2 when the guess is the prior's mean.

    The encoder sees the draw through `augment`, and the source as it is. What `augment` changes cannot carry
    a code: through colours, a code that only shades its pictures is lost.
    """
    assert joint.code is not None  # `Sampling.draw_coded` keeps it
    (seen,) = augment(joint.drawn)
    return 0.5 * (joint.code - conditional.infer_code(seen, joint.given)).square().sum(1).mean()
