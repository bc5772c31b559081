"""A training's state as a bundle: averaged maps, ratios, and a card that says what they were made from."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from training.build import build_objective, build_preset
from training.courses import end_of
from training.dataset import DomainFolders, UnpairedFolders
from training.objective.likelihoods import implied_code_weight, implied_scale
from training.objective_recipe import ObjectiveRecipe
from training.origin import Origin
from training.recipe import Recipe
from training.trainer import Trainer
from translation.card import Card
from translation.codec import PREPROCESSING, preprocessing_digest
from translation.seen_pictures import SeenPictures
from translation.weights import save_bundle

# Paths of one machine: no card has them.
PATHS = {"training": {"start_from"}, "evaluation": {"features"}}


def save_state(
    recipe: Recipe,
    origin: Origin,
    dataset: UnpairedFolders,
    trainer: Trainer,
    folder: Path,
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """The state after the trainer's last step as a bundle, with these metrics in its card."""
    learner = trainer.learner
    card = _card(recipe, origin, dataset, trainer.step).model_copy(update={"metrics": dict(metrics or {})})
    save_bundle(folder, learner.averaged, learner.networks, card, dtype=torch.float16)


def _card(recipe: Recipe, origin: Origin, dataset: UnpairedFolders, steps: int) -> Card:
    return Card(
        domains=dataset.folders.domains,
        architecture=recipe.model,
        training_size=recipe.data.size,
        preprocessing=PREPROCESSING,
        preprocessing_digest=preprocessing_digest(),
        objective={
            **asdict(build_preset(recipe.objective)),
            "ratio_weight": build_objective(recipe.objective).weights.ratio,  # and not the preset's alone
            "preset": recipe.objective.preset,
            "implied_scale": _implied_scale(recipe),
            "implied_code_weight": _implied_code_weight(recipe),
        },
        recipe=recipe.model_dump(mode="json", exclude=PATHS),
        data=_data(dataset),
        steps=steps,
        lineage=origin.lineage,
        learned=_seen(dataset.folders),
        licence=recipe.licence,
    )


def _implied_scale(recipe: Recipe) -> float | None:
    """Of x given z, where the courses end; None where its scale is learned, or its likelihood counts for
    nothing."""
    generator, weight = recipe.model.generator, _likelihood_weight(recipe.objective)
    if not weight or generator.scale != "fixed":
        return None
    scale = end_of(recipe.objective.scale_course or generator.initial_scale)
    return implied_scale(generator.distribution, scale, weight, _averaged(recipe))


def _implied_code_weight(recipe: Recipe) -> float | None:
    """Of the codes of x given z, likewise; None where there are no codes."""
    objective, weight = recipe.objective, _likelihood_weight(recipe.objective)
    if not weight or not recipe.model.generator.code_size:
        return None
    code = objective.weights.code * end_of(objective.code_course or 1.0)
    return implied_code_weight(code, weight, _averaged(recipe))


def _likelihood_weight(objective: ObjectiveRecipe) -> float:
    return objective.weights.nell * end_of(objective.likelihood_course or 1.0)


def _averaged(recipe: Recipe) -> int:
    """The values of a picture that its likelihood is averaged over; 1 where they are summed."""
    return 3 * recipe.data.size**2 if recipe.objective.reduction == "mean" else 1


def _seen(folders: DomainFolders) -> dict[str, SeenPictures]:
    return {
        domain: before | SeenPictures.of(folders.digests[file] for file in files)
        for domain, before, files in zip(folders.domains, folders.seen, folders.train, strict=True)
    }


def _data(dataset: UnpairedFolders) -> dict[str, Any]:
    unreadable = sum(len(pictures.unreadable) for pictures in dataset.pictures)
    return {**dataset.folders.fingerprint(), "unreadable": unreadable}
