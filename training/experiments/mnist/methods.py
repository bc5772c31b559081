"""What each method minimises. All share the encoder's and the decoder's size, the budget and the selection.

    sjmvi   NELL + KL_latent + NELP + KL_observed; the prior is known by samples; r(z; x) is bridged,
            and its marginal part, log q(z)/p*(z), is charged more than the rest (conditioning)
    vae     NELL + KL[q(z|x) || banana] in closed form: the only one that is given the prior's density
    avb     NELL + E_q[T(z; x)], T by classifying posterior draws against prior samples; q(z|x) is implicit

Kingma and Welling (2014); Mescheder, Nowozin and Geiger (2017), https://arxiv.org/abs/1701.04722.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from training.experiments.banana import Banana
from training.experiments.mnist.budget import Budget
from training.experiments.mnist.networks import (
    Adversary,
    Decoder,
    Encoder,
    ImplicitEncoder,
    LatentModel,
    LogPrior,
    MarginalRatio,
    Moments,
    PairRatio,
)
from training.objective.divergences import DIVERGENCES
from training.objective.likelihoods import negative_log_likelihood
from training.objective.presets import PRESETS
from training.objective.ratios import BridgedRatio, FreeRatio, SplitRatio, frozen
from training.objective.sjmvi import SJMVI, Maps, Ratios
from training.optimisers import Optimisation, adam, linear_decay

BRIDGE_WIDTH = 1.5  # of the prior samples' own spread
WARM_UP_BATCH = 1_024


Terms = Mapping[str, Tensor]  # scalars, nats per sample


class Method(Protocol):
    """A model under training. All its state is in its attributes: a copy is a checkpoint."""

    model: LatentModel

    def descend(self, x: Tensor, z: Tensor, step: int) -> Terms:
        """One step on independent samples of data and prior."""

    def estimates(self, model: LatentModel, x: Tensor, z: Tensor) -> Terms:
        """What its ratios say of the model; no bounds on anything."""


class VAE:
    def __init__(self, prior: Tensor, budget: Budget) -> None:
        moments = Moments.of(prior)
        self.prior = Banana()
        self.model = _model(Encoder(moments, budget.hidden), moments, budget)
        self.maps = _adam(self.model, budget.maps_rate, budget)

    def descend(self, x: Tensor, z: Tensor, step: int) -> Terms:
        posterior = self.model.encoder(x)
        nell = negative_log_likelihood(self.model.decoder(posterior.rsample()), x, "sum")
        kl_latent = self.prior.kl_from_normal(posterior.mean, posterior.scale).mean()
        self.maps.descend(nell + kl_latent, step)
        return {"nell": nell, "kl_latent": kl_latent}

    def estimates(self, model: LatentModel, x: Tensor, z: Tensor) -> Terms:
        return {}


class AVB:
    def __init__(self, prior: Tensor, budget: Budget) -> None:
        moments = Moments.of(prior)
        self.model = _model(ImplicitEncoder(moments, budget.hidden), moments, budget)
        self.adversary = Adversary(moments, budget.hidden)
        self.maps = _adam(self.model, budget.maps_rate, budget)
        self.ratios = _adam(self.adversary, budget.ratios_rate, budget)

    def descend(self, x: Tensor, z: Tensor, step: int) -> Terms:
        drawn = self.model.encoder.sample(x)
        nell = negative_log_likelihood(self.model.decoder(drawn), x, "sum")
        with frozen(self.adversary):
            kl_latent = self.adversary(drawn, x).mean()
        self.maps.descend(nell + kl_latent, step)
        bound = DIVERGENCES["gan"].bound(self.adversary(drawn.detach(), x), self.adversary(z, x))
        self.ratios.descend(-bound, step)
        return {"nell": nell, "kl_latent": kl_latent, "ratio_loss": -bound}

    def estimates(self, model: LatentModel, x: Tensor, z: Tensor) -> Terms:
        return {"kl_latent": self.adversary(model.encoder.sample(x), x).mean()}


class SJMVIMethod:
    def __init__(self, prior: Tensor, budget: Budget) -> None:
        moments = Moments.of(prior)
        self.model = _model(Encoder(moments, budget.hidden), moments, budget)
        self.log_prior = LogPrior(moments, budget.hidden)
        self.pair = PairRatio(moments, budget.hidden)
        self.marginal = MarginalRatio(moments, budget.hidden)
        self.conditioning = budget.conditioning
        self.networks = nn.ModuleList([self.log_prior, self.pair, self.marginal])
        self.bridge = MultivariateNormal(moments.mean, BRIDGE_WIDTH**2 * moments.covariance)
        self.objective: SJMVI = PRESETS["paper-gan"].objective(budget.weights, "sum")
        self.maps = _adam(self.model, budget.maps_rate, budget)
        self.ratios = _adam(self.networks, budget.ratios_rate, budget)
        self._warm_up(prior, budget)

    def descend(self, x: Tensor, z: Tensor, step: int) -> Terms:
        maps, ratios = self._maps_and_ratios(self.model)
        with frozen(self.networks):
            draws = self.objective.draw(maps, x, z)
            terms = self.objective.terms(maps, ratios, draws)
        self.maps.descend(self.objective.maps_loss(terms), step)
        # the bridge carries no posterior noise that a reference would have to match
        loss = self.objective.ratio_loss(ratios, replace(draws, latent_reference=z))
        self.ratios.descend(loss, step)
        return _four(vars(terms)) | {"ratio_loss": loss}

    def estimates(self, model: LatentModel, x: Tensor, z: Tensor) -> Terms:
        maps, ratios = self._maps_and_ratios(model)
        draws = self.objective.draw(maps, x, z)
        return {
            "kl_latent_estimate": self._bridged(model).charge(draws.q).mean(),
            "kl_marginal_estimate": self.marginal(draws.q.judged).mean(),
            "kl_observed": ratios.observed.charge(draws.p).mean(),
        }

    def _maps_and_ratios(self, model: LatentModel) -> tuple[Maps, Ratios]:
        maps = Maps(model.decoder, _with_density(model))
        latent = SplitRatio(self._bridged(model), self.marginal, self.conditioning)
        return maps, Ratios(latent, FreeRatio(self.pair))

    def _bridged(self, model: LatentModel) -> BridgedRatio:
        return BridgedRatio(self.log_prior, _with_density(model), self.bridge)

    def _warm_up(self, prior: Tensor, budget: Budget) -> None:
        """Neither the prior nor the bridge moves: their ratio may be known before it is needed."""
        ratio, divergence = self._bridged(self.model), self.objective.divergence
        optimisation = adam(
            self.log_prior.parameters(), budget.ratios_rate, budget.betas, lambda step: 1.0, budget.clip_norm
        )
        for step in range(budget.warm_up_steps):
            reference = prior[torch.randint(len(prior), (WARM_UP_BATCH,))]
            optimisation.descend(ratio.reference_loss(divergence, reference), step)


METHODS: dict[str, Callable[[Tensor, Budget], Method]] = {"sjmvi": SJMVIMethod, "vae": VAE, "avb": AVB}


def _four(terms: Terms) -> dict[str, Tensor]:
    return {name: terms[name] for name in ("nell", "nelp", "kl_latent", "kl_observed")}


def _with_density(model: LatentModel) -> Encoder:
    assert isinstance(model.encoder, Encoder)
    return model.encoder


def _model(encoder: Encoder | ImplicitEncoder, moments: Moments, budget: Budget) -> LatentModel:
    return LatentModel(encoder, Decoder(moments, budget.hidden, budget.decoder_scale))


def _adam(module: nn.Module, rate: float, budget: Budget) -> Optimisation:
    decay = partial(linear_decay, steps=budget.steps, decay_from=budget.decay_from)
    return adam(module.parameters(), rate, budget.betas, decay, budget.clip_norm)
