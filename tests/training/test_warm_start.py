"""One architecture at every size: a run at a larger one takes over what was learned at a smaller."""

from pathlib import Path

import pytest
import torch

from training.build import build_learner, build_objective
from training.config import load_recipe
from translation.architecture import Architecture
from translation.card import Card
from translation.weights import load_bundle, save_bundle

TINY = str(Path(__file__).with_name("tiny.toml"))
DOMAINS = ("horse", "zebra")


@pytest.mark.parametrize(("size", "downsamplings"), [(64, 2), (128, 3), (256, 4)])
def test_maps_go_on_and_ratios_too_unless_they_see_other_patches(
    size: int, downsamplings: int, tmp_path: Path
) -> None:
    architecture: Architecture = load_recipe(TINY).model
    model, ratios = architecture.build_model(DOMAINS), architecture.build_ratios()
    save_bundle(tmp_path, model, ratios, Card(domains=DOMAINS, architecture=architecture, training_size=32))

    sizes = (
        f"data.size={size}",
        f"data.load_size={size}",
        f"model.discriminator.downsamplings={downsamplings}",
    )
    recipe = load_recipe(TINY, sizes)
    learner = build_learner(recipe, DOMAINS, torch.device("cpu"), tmp_path)
    bundle = load_bundle(tmp_path)
    torch.testing.assert_close(learner.model.state_dict(), bundle.model.state_dict(), rtol=0, atol=0)
    if downsamplings == architecture.discriminator.downsamplings:
        torch.testing.assert_close(learner.networks.state_dict(), bundle.ratios.state_dict(), rtol=0, atol=0)

    objective = build_objective(recipe.objective)
    draws = objective.draw(learner.maps, *torch.rand(2, 1, 3, size, size))
    terms = objective.terms(learner.maps, learner.ratios, draws)
    assert all(term.isfinite() for term in terms.named().values())
    assert objective.ratio_loss(learner.ratios, draws).isfinite()


def test_ratios_of_pixels_go_on_in_those_that_see_more(tmp_path: Path) -> None:
    architecture: Architecture = load_recipe(TINY).model
    model, ratios = architecture.build_model(DOMAINS), architecture.build_ratios()
    card = Card(domains=DOMAINS, architecture=architecture, training_size=32, objective={"divergence": "gan"})
    save_bundle(tmp_path, model, ratios, card)
    recipe = load_recipe(TINY, ["model.discriminator.name=projected-patch", "model.discriminator.mixed=4"])
    learner = build_learner(recipe, DOMAINS, torch.device("cpu"), tmp_path)
    for before, now in zip(ratios.children(), learner.networks.children(), strict=True):
        torch.testing.assert_close(now.pixels.state_dict(), before.state_dict(), rtol=0, atol=0)

    wider = load_recipe(TINY, ["model.discriminator.name=projected-patch", "model.discriminator.width=5"])
    assert (
        build_learner(
            wider, DOMAINS, torch.device("cpu"), tmp_path
        ).networks.latent.pixels.judged.first.out_channels
        == 5
    )
