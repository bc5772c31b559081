"""Symmetric Joint-Matching Variational Inference.

    KL[q(x,z) || p(x,z)] + KL[p(x,z) || q(x,z)] = NELBO + NAPLBO + const

    NELBO  = NELL + KL_latent        KL_latent   = E_{q*(x)} KL[q(z|x) || p*(z)] = E_q[log r(z; x)]
    NAPLBO = NELP + KL_observed      KL_observed = E_{p*(z)} KL[p(x|z) || q*(x)] = E_p[log r(x; z)]

Either divergence is least where the joints agree. In the parameters of p(x|z), KL[q || p] is NELL alone, as
KL[p || q] is NELP alone in those of q(z|x): the two halves of wake-sleep (Hinton et al., 1995). In phi, the
parameters of q(z|x), KL[q || p] has two terms, both through the draw z = G(eps; x):

    d/dphi KL[q || p] = E_q[dz/dphi d/dz log r(z; x)] - E_q[dz/dphi d/dz log p(x|z)]        r held fixed

Where the joints agree, r(z; x) = p(x|z) / q*(x), and the two cancel for every draw. A log ratio whose
conditional part is multiplied by lambda_c is lambda_c log p(x|z) + const there, and leaves

    -(1 - lambda_c) E_q[dz/dphi d/dz log p(x|z)]

which rewards draws that tell p(x|z) more of x than the posterior's do: the hidden messages of Chu et al.
(2017), https://arxiv.org/abs/1712.02950. `reach` multiplies the second term, here and in KL[p || q]. With
reach = lambda_c the truth is an optimum for every lambda_c; with both 0, for every generator loss. Reach 1 is
the paper, whose lambda_c is 1, and CycleGAN, whose lambda_c is 0.

One step: draw from both joints; the maps descend the four terms with the ratios frozen; the ratios descend
their own loss on the detached draws. Tiao, Bonilla and Ramos (2018), equations 16 and 27.
"""

from dataclasses import dataclass, field, replace
from typing import cast

import torch
from torch import Tensor

from training.objective.augmentation import Augment, unchanged
from training.objective.beyond import BothWays, code_recovery, identity
from training.objective.divergences import FDivergence, GeneratorLoss
from training.objective.joints import Joint, Sampling
from training.objective.likelihoods import CodedMap, Reduction, StochasticMap, negative_log_likelihood
from training.objective.ratios import LogRatio, gradient_penalty


@dataclass(frozen=True)
class Maps:
    """p(x|z) and q(z|x)."""

    x_given_z: StochasticMap
    z_given_x: StochasticMap


@dataclass(frozen=True)
class Ratios:
    """r(z; x) = q(z|x) / p*(z), judges latents; r(x; z) = p(x|z) / q*(x) judges observations."""

    latent: LogRatio
    observed: LogRatio


@dataclass(frozen=True)
class Draws:
    """One draw of each joint, and the marginals' own samples as the ratios are to see them."""

    q: Joint
    p: Joint
    latent_reference: Tensor
    observed_reference: Tensor

    def detached(self) -> "Draws":
        return replace(self, q=self.q.detached(), p=self.p.detached())


@dataclass(frozen=True)
class SJMVITerms:
    """Scalars: nell and nelp in nats, reduced as the objective says, without the KL of their codes, which
    code_observed and code_latent hold. The two KL terms are estimates through the ratios, or stand-ins for
    them under another generator loss: never report them as bounds on a likelihood. What is no part of the
    bound comes last, None where it has no weight."""

    nell: Tensor
    nelp: Tensor
    kl_latent: Tensor
    kl_observed: Tensor
    code_observed: Tensor
    code_latent: Tensor
    identity: BothWays | None = None
    code_recovery: BothWays | None = None

    def named(self) -> dict[str, Tensor]:
        """Each scalar by its name: `identity_latent` is that of the maps to z."""
        scalars: dict[str, Tensor] = {}
        for name, term in vars(self).items():
            if isinstance(term, BothWays):
                scalars |= {f"{name}_observed": term.observed, f"{name}_latent": term.latent}
            elif term is not None:
                scalars[name] = term
        return scalars


def weight_of(term: str, default: float = 1.0) -> float:
    """With a description where the weights become a form."""
    schema = {"description": term, "json_schema_extra": {"minimum": 0}}
    weight: float = field(default=default, metadata=schema)
    return weight


@dataclass(frozen=True)
class Weights:
    """What each term counts for in the maps' loss. All 1 is the paper where likelihoods are summed.

    Averaged, a likelihood is that of one of a picture's values, and a code's KL still that of the whole: with
    all 1 it counts for as many times what it does in the bound as a picture has values, 49,152 at 128 pixels,
    and codes die. See `implied_scale` and `implied_code_weight`.
    """

    nell: float = weight_of("reconstruction of x from its translation")
    nelp: float = weight_of("reconstruction of z from its translation")
    kl_latent: float = weight_of("translations of x distributed as z is")
    kl_observed: float = weight_of("translations of z distributed as x is")
    code: float = weight_of("KL of the codes that the noise encoders infer")
    ratio: float = weight_of("the log ratios' own loss")
    identity: float = weight_of("no part of the bound; Zhu et al. (2017) have half of nell's", default=0.0)
    code_recovery: float = weight_of(
        "no part of the bound: codes can be inferred from translations; try .1", default=0.0
    )


@dataclass(frozen=True)
class SJMVI:
    """The objective. `reduction`: likelihoods are summed over dimensions (the paper) or averaged; `augment`:
    what the ratios look through, in their own loss and in the maps'; `augment_coded`: what codes are to be
    recovered through. Only maps with codes, CodedMap, can be asked to recover them. `reach` is in [0, 1]."""

    divergence: FDivergence
    generator_loss: GeneratorLoss
    sampling: Sampling = field(default_factory=Sampling)
    weights: Weights = field(default_factory=Weights)
    reduction: Reduction = "sum"
    augment: Augment = unchanged
    augment_coded: Augment = unchanged
    reach: float = 1.0

    def draw(self, maps: Maps, x: Tensor, z: Tensor) -> Draws:
        """x and z are independent samples of their marginals, of one batch size."""
        q, p = self._draw(maps.z_given_x, x), self._draw(maps.x_given_z, z)
        return Draws(q, p, self.sampling.reference(z, q), self.sampling.reference(x, p))

    def _draw(self, conditional: StochasticMap, given: Tensor) -> Joint:
        if self.weights.code_recovery:
            return self.sampling.draw_coded(cast("CodedMap", conditional), given)
        return self.sampling.draw(conditional, given)

    def terms(self, maps: Maps, ratios: Ratios, draws: Draws) -> SJMVITerms:
        """Differentiable in the maps; freeze the ratios around it."""
        q, p = draws.q, draws.p
        x_again = maps.x_given_z.reconstruct(q.given, q.read(self.reach))
        z_again = maps.z_given_x.reconstruct(p.given, p.read(self.reach))
        return SJMVITerms(
            nell=negative_log_likelihood(x_again.density, q.given, self.reduction),
            nelp=negative_log_likelihood(z_again.density, p.given, self.reduction),
            kl_latent=self.generator_loss(ratios.latent.charge(q.seen(self.augment))).mean(),
            kl_observed=self.generator_loss(ratios.observed.charge(p.seen(self.augment))).mean(),
            code_observed=x_again.code_kl.mean(),
            code_latent=z_again.code_kl.mean(),
            identity=self._identity(maps, draws) if self.weights.identity else None,
            code_recovery=self._code_recovery(maps, draws) if self.weights.code_recovery else None,
        )

    def _identity(self, maps: Maps, draws: Draws) -> BothWays:
        return BothWays(
            identity(maps.x_given_z, draws.q.given, self.reduction),
            identity(maps.z_given_x, draws.p.given, self.reduction),
        )

    def _code_recovery(self, maps: Maps, draws: Draws) -> BothWays:
        return BothWays(
            code_recovery(cast("CodedMap", maps.x_given_z), draws.p, self.augment_coded),
            code_recovery(cast("CodedMap", maps.z_given_x), draws.q, self.augment_coded),
        )

    def maps_loss(self, terms: SJMVITerms) -> Tensor:
        """NELBO + NAPLBO, weighed, and what is asked for beyond them; a scalar."""
        weights = self.weights
        bound = (
            weights.nell * terms.nell
            + weights.nelp * terms.nelp
            + weights.kl_latent * terms.kl_latent
            + weights.kl_observed * terms.kl_observed
            + weights.code * (terms.code_observed + terms.code_latent)
        )
        beyond = ((weights.identity, terms.identity), (weights.code_recovery, terms.code_recovery))
        return sum((weight * (term.observed + term.latent) for weight, term in beyond if term), bound)

    def ratio_loss(self, ratios: Ratios, draws: Draws) -> Tensor:
        """-J of both ratios, weighed; a scalar. No gradient reaches the maps."""
        draws = draws.detached()
        latent = self._ratio_loss(ratios.latent, draws.q, draws.latent_reference)
        observed = self._ratio_loss(ratios.observed, draws.p, draws.observed_reference)
        return self.weights.ratio * (latent + observed)

    def _ratio_loss(self, ratio: LogRatio, joint: Joint, reference: Tensor) -> Tensor:
        judged, given, reference = self.augment(joint.judged, joint.given, reference)
        return ratio.loss(self.divergence, replace(joint, judged=judged, given=given), reference)

    def gradient_penalty(self, ratios: Ratios, draws: Draws) -> Tensor:
        """R1 of both ratios, unweighted; a scalar."""
        latent = gradient_penalty(ratios.latent, draws.latent_reference, draws.q.given, self.augment)
        observed = gradient_penalty(ratios.observed, draws.observed_reference, draws.p.given, self.augment)
        return latent + observed

    @torch.no_grad()
    def diagnostics(self, ratios: Ratios, draws: Draws) -> dict[str, Tensor]:
        """Scalars that tell whether the ratios can be believed; fewer where they are learned as no log ratio.

        mean_ratio is E_reference[r], 1 at the truth. bound is J, at most the divergence that is estimated. At
        the optimum the two ratios of one joint agree. Then `ratio_disagreement`,
        E_q[log r(z; x) - log r(x; z)], is zero, and NELL + log_ratio_observed_at_q is the entropy of the
        data, a constant. Both hold only for ratios that look at what was given, not at conditioning 0.
        """
        sides = {
            "latent": (ratios.latent, draws.q, draws.latent_reference),
            "observed": (ratios.observed, draws.p, draws.observed_reference),
        }
        found: dict[str, Tensor] = {}
        for name, (ratio, joint, reference) in sides.items():
            on_draws, on_reference = ratio(joint.judged, joint.given), ratio(reference, joint.given)
            found[f"bound_{name}"] = self.divergence.bound(on_draws, on_reference)
            right = (on_draws > 0).double().mean() + (on_reference < 0).double().mean()
            found[f"ratio_accuracy_{name}"] = right / 2
            if self.divergence.learns_log_ratio:
                found |= _log_ratios(name, on_draws, on_reference)
        if self.divergence.learns_log_ratio:
            at_q = ratios.observed(draws.observed_reference, draws.q.drawn).mean()
            found["log_ratio_observed_at_q"] = at_q
            found["ratio_disagreement"] = ratios.latent(draws.q.judged, draws.q.given).mean() - at_q
        return found


def _log_ratios(name: str, on_draws: Tensor, on_reference: Tensor) -> dict[str, Tensor]:
    return {
        f"log_ratio_{name}_draws": on_draws.mean(),
        f"log_ratio_{name}_draws_max": on_draws.max(),
        f"log_ratio_{name}_reference": on_reference.mean(),
        f"log_ratio_{name}_reference_max": on_reference.max(),
        f"mean_ratio_{name}": on_reference.double().clamp_max(50).exp().mean(),
    }
