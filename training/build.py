"""A recipe becomes objects. The only file of training that turns names into objects."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from training.augmentation import Augmentation
from training.averaging import growing_average
from training.config import BadRecipe
from training.courses import Course, Courses, end_of, set_fixed_scales
from training.dataset import DomainFolders, UnpairedFolders
from training.evaluation.bench import Judge
from training.evaluation.networks import load_feature_network
from training.evaluation.validation import Validator
from training.learner import Learner
from training.objective.augmentation import Augment, PairAugmentation, unchanged
from training.objective.divergences import LEAST_SQUARES, RATIO_LOSSES
from training.objective.joints import Sampling
from training.objective.presets import PRESETS, Preset
from training.objective.ratios import TwoHeadRatio
from training.objective.sjmvi import SJMVI, Ratios
from training.objective_recipe import ObjectiveRecipe
from training.optimisers import Optimisation, adam, linear_decay
from training.recipe import Recipe
from training.replay import Replay
from training.schedule import Schedule
from translation.architecture import Architecture, ProjectedPatchArchitecture
from translation.generators.blocks import ResidualBlock
from translation.model import DensityRatios, TranslationModel
from translation.weights import load_bundle


def build_dataset(recipe: Recipe, folders: DomainFolders) -> UnpairedFolders:
    data = recipe.data
    augmentation = Augmentation(
        data.size, data.short_side, data.horizontal_flip, data.crop, data.colour_jitter
    )
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes of this machine, each with a cache
    return UnpairedFolders(folders, augmentation, recipe.training.seed, data.cache_bytes // here)


def build_preset(recipe: ObjectiveRecipe) -> Preset:
    """The recipe's preset, with the values that the recipe itself gives; of a course, its last one."""
    preset = PRESETS[recipe.preset]
    return Preset(
        divergence=recipe.divergence or preset.divergence,
        generator_loss=recipe.generator_loss or preset.generator_loss,
        sampling=Sampling(
            preset.sampling.noise if recipe.noise is None else recipe.noise,
            recipe.ratio_noise or preset.sampling.ratio_noise,
        ),
        conditioning=end_of(preset.conditioning if recipe.conditioning is None else recipe.conditioning),
        ratio_weight=preset.ratio_weight,
    )


def build_objective(recipe: ObjectiveRecipe) -> SJMVI:
    objective = build_preset(recipe).objective(recipe.weights, recipe.reduction)
    return replace(
        objective,
        augment=_augment(recipe.augmentation, recipe.augmentation_probability),
        augment_coded=_augment(recipe.code_augmentation),
        reach=end_of(recipe.reach),
    )


def build_learner(
    recipe: Recipe, domains: tuple[str, str], device: torch.device, start_from: Path | None = None
) -> Learner:
    """Fresh networks from the recipe's seed, or those of the bundle `start_from`."""
    torch.manual_seed(recipe.training.seed)
    preset = build_preset(recipe.objective)
    model, networks = _networks(recipe.model, preset, domains, start_from)
    model.to(device)
    networks.to(device)
    for block in model.modules():
        if isinstance(block, ResidualBlock):
            block.recomputes = recipe.training.activation_checkpointing
    conditioning = preset.conditioning
    return Learner(
        model,
        AveragedModel(model, multi_avg_fn=growing_average(recipe.training.ema_decay)),
        networks,
        Ratios(TwoHeadRatio(networks.latent, conditioning), TwoHeadRatio(networks.observed, conditioning)),
        _adam(recipe, model, recipe.optimisation.maps_rate),
        _adam(recipe, networks, recipe.optimisation.ratios_rate),
        Replay(recipe.optimisation.replay_pairs),
    )


def build_schedule(recipe: Recipe) -> Schedule:
    optimisation, training = recipe.optimisation, recipe.training
    return Schedule(
        training.steps,
        training.batch_size,
        training.micro_batch or training.batch_size,
        training.seed,
        optimisation.ratio_steps,
        optimisation.gradient_penalty,
        optimisation.gradient_penalty_every,
        training.log_every,
        training.checkpoint_every_s,
        _courses(recipe.objective),
    )


def build_validator(recipe: Recipe, folders: DomainFolders, device: torch.device) -> Validator:
    """With the recipe's network, where it has one. Raises BadFeatureNetwork, BadDataset."""
    features = recipe.evaluation.features
    network = None if features is None else load_feature_network(features, device)
    return Validator(folders, network, recipe.data.size, device)


def build_judge(recipe: Recipe, learner: Learner) -> Judge | None:
    """Judges by the ratios as they are whenever it is asked, in the midst of training. None where they are
    no log ratios."""
    preset = build_preset(recipe.objective)
    if not RATIO_LOSSES[preset.divergence].learns_log_ratio:
        return None
    return Judge(learner.ratios, preset.sampling)


def build_autocast(recipe: Recipe, device: torch.device) -> Callable[[], AbstractContextManager[Any]]:
    """Opens the mixed-precision region: bfloat16, which needs no loss scaling, or nothing."""
    precision = recipe.training.precision
    enabled = precision == "bfloat16" or (precision == "auto" and has_fast_bfloat16(device))
    return partial(torch.autocast, device.type, torch.bfloat16, enabled=enabled)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.11 may lack it
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def _course(value: float | Course | None) -> Course | None:
    return value if isinstance(value, tuple) else None


def _courses(recipe: ObjectiveRecipe) -> Courses:
    return Courses(
        _course(recipe.conditioning),
        _course(recipe.reach),
        recipe.likelihood_course,
        recipe.code_course,
        recipe.scale_course,
    )


def _augment(names: tuple[str, ...], probability: float = 1.0) -> Augment:
    return PairAugmentation(names, probability) if names else unchanged


def _networks(
    architecture: Architecture, preset: Preset, domains: tuple[str, str], start_from: Path | None
) -> tuple[TranslationModel, DensityRatios]:
    if start_from is None:
        return architecture.build_model(domains), architecture.build_ratios()
    bundle = load_bundle(start_from)
    stored = bundle.card.architecture
    if not _same_maps(stored, architecture):
        differing = _differing(stored, architecture)
        raise BadRecipe(f"training.start_from: {start_from} has other maps than the recipe's: {differing}")
    if bundle.card.one_way:
        raise BadRecipe(
            f"training.start_from: {start_from} translates {bundle.card.pair} alone, training takes both ways"
        )
    if bundle.card.domains == domains[::-1]:
        raise BadRecipe(
            f"training.start_from: {start_from} has the domains the other way round: swap the folders"
        )
    bundle.model.domains = domains
    set_fixed_scales(bundle.model, architecture.generator.initial_scale)  # its own course may have moved them
    theirs = bundle.card.objective.get("divergence")
    learn_alike = (theirs == LEAST_SQUARES) == (preset.divergence == LEAST_SQUARES)
    ratios = bundle.ratios if learn_alike else None
    return bundle.model.train(), _continued(ratios, stored, architecture)


def _continued(ratios: DensityRatios | None, stored: Architecture, wanted: Architecture) -> DensityRatios:
    """The bundle's ratios as far as the wanted architecture can take them over; the rest is fresh."""
    if ratios is not None and stored.discriminator == wanted.discriminator:
        return ratios.train()
    fresh, discriminator = wanted.build_ratios(), wanted.discriminator
    if ratios is None or not isinstance(discriminator, ProjectedPatchArchitecture):
        return fresh
    if stored.discriminator == discriminator.of_pixels:
        fresh.latent.pixels.load_state_dict(ratios.latent.state_dict())  # type: ignore[union-attr]
        fresh.observed.pixels.load_state_dict(ratios.observed.state_dict())  # type: ignore[union-attr]
    return fresh


def _same_maps(stored: Architecture, wanted: Architecture) -> bool:
    same_noise = not wanted.generator.code_size or stored.noise == wanted.noise
    return stored.generator == wanted.generator and same_noise


def _differing(stored: Architecture, wanted: Architecture) -> str:
    """The fields of generators and, where there are codes, of noise encoders that differ."""
    told = []
    for part in ("generator", "noise") if wanted.generator.code_size else ("generator",):
        theirs, ours = getattr(stored, part).model_dump(), getattr(wanted, part).model_dump()
        told += [
            f"model.{part}.{name} is {theirs.get(name)!r} there and {ours.get(name)!r} here"
            for name in {**theirs, **ours}
            if theirs.get(name) != ours.get(name)
        ]
    return ", ".join(told)


def _adam(recipe: Recipe, module: nn.Module, rate: float) -> Optimisation:
    settings = recipe.optimisation
    decay = partial(linear_decay, steps=recipe.training.steps, decay_from=settings.decay_from)
    return adam(module.parameters(), rate, settings.betas, decay, settings.clip_norm)
