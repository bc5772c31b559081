"""Terms that are no part of the bound, for recipes that want them: identity, and the recovery of codes.

    identity         E_{q*(x)}[-log p(x | z := x)] + E_{p*(z)}[-log q(z | x := z)]
    code recovery    E[-log h(xi | F(xi; z), z)] + E[-log h(eps | G(eps; x), x)]

Identity: a map that is given a picture of its own target domain is to leave it alone. Taigman et al. (2017),
https://arxiv.org/abs/1611.02200; Zhu et al. (2017), section 5.2, at half the weight of the cycle. It keeps
colours where they need not change. The code is the prior's: that is the bound of `likelihoods` with
h := N(0, I), whose price is nothing, and every code is asked to leave such a picture alone, not one of them.

Code recovery: whoever sees a translation and its source is to tell the code. The term bounds what they say
of it, I(xi; x | z) >= H(xi) - E[-log h(xi | x, z)], and raises it: in the bound of the likelihoods a code is
only ever paid for, and dies where the cycle can do without. The noise encoder h is read as N(mean, I): with a
scale of its own it would pay for ever finer marks, so it is content once a code can be told. Chen et al.
(2016), https://arxiv.org/abs/1606.03657, whose code fixes that scale as well; the latent regression of Zhu et
al. (2017b), https://arxiv.org/abs/1711.11586. The latter keep their encoder from learning by it, lest both
hide the code in what no eye sees; ours must learn, since nothing else wakes a dead code, and looks at draws
with their noise, under which little can be hidden.
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
    """A scalar, nats as the likelihoods'; `target` is of the domain that the map paints."""
    return negative_log_likelihood(conditional(target), target, reduction)


def code_recovery(conditional: CodedMap, joint: Joint, augment: Augment) -> Tensor:
    """A scalar, nats beyond those of a code that is told exactly; half the code's size where it has died.

    The encoder sees the draw, and not the given, through `augment`: what that changes cannot tell a code.
    Through colours, a code that only shades its pictures is lost.
    """
    assert joint.code is not None  # `Sampling.draw_coded` keeps it
    (seen,) = augment(joint.drawn)
    return 0.5 * (joint.code - conditional.guess_code(seen, joint.given)).square().sum(1).mean()
