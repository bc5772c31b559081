"""What was imported has no ratios and may go one way: where training can begin from it, and where not."""

from pathlib import Path

import pytest
import torch

from training.build import build_learner
from training.config import BadRecipe, load_recipe
from training.recipe import Recipe
from translation.architecture import Architecture, DeterministicResNetArchitecture
from translation.card import Card
from translation.weights import load_bundle, save_bundle

DOMAINS = ("horse", "zebra")
GENERATOR = DeterministicResNetArchitecture(width=4, blocks=1)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both ways."""
    folder = tmp_path_factory.mktemp("imported")
    architecture = Architecture(generator=GENERATOR, discriminator=None)
    card = Card(domains=DOMAINS, architecture=architecture, training_size=16)
    save_bundle(folder, architecture.build_model(DOMAINS), None, card)
    return folder


def recipe_of(tiny: str, **generator: object) -> Recipe:
    recipe = load_recipe(tiny)
    fields = recipe.model.model_dump() | {"generator": GENERATOR.model_dump() | generator}
    return recipe.model_copy(update={"model": Architecture.model_validate(fields)})


def test_a_recipe_of_its_own_generators_begins_with_them_and_new_ratios(tiny: str, imported: Path) -> None:
    learner = build_learner(recipe_of(tiny), DOMAINS, torch.device("cpu"), imported)
    torch.testing.assert_close(learner.model.state_dict(), load_bundle(imported).model.state_dict())
    assert learner.networks.latent.judged.first.out_channels == 4


def test_another_recipe_is_told_what_generators_it_has(tiny: str, imported: Path) -> None:
    differences = {
        "model.generator.name is 'deterministic-resnet' there and 'resnet' here": load_recipe(tiny),
        "other maps than the recipe's: model.generator.blocks is 1 there and 2 here$": recipe_of(
            tiny, blocks=2
        ),
        "model.generator.initial_scale is 0.1 there and 0.2 here": recipe_of(tiny, initial_scale=0.2),
    }
    for difference, recipe in differences.items():
        with pytest.raises(BadRecipe, match=f"training.start_from: .*{difference}"):
            build_learner(recipe, DOMAINS, torch.device("cpu"), imported)


def test_one_way_is_not_enough(tiny: str, one_way_bundle: Path) -> None:
    with pytest.raises(BadRecipe, match="training.start_from: .* translates horse → zebra alone"):
        build_learner(recipe_of(tiny), DOMAINS, torch.device("cpu"), one_way_bundle)


def test_a_recipe_without_a_discriminator_is_refused(tiny: str) -> None:
    fields = load_recipe(tiny).model_dump()
    fields["model"]["discriminator"] = None
    with pytest.raises(ValueError, match="model.discriminator is absent"):
        Recipe.model_validate(fields)
