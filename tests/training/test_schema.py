"""The recipe's schema: a form can be made from it, and what it allows is what a recipe may say."""

import tomllib
from typing import Any

import jsonschema
import pytest

from training.augmentation import CROPS
from training.config import load_recipe, shipped_recipes
from training.objective.divergences import GENERATOR_LOSSES, RATIO_LOSSES
from training.objective.presets import PRESETS
from training.recipe import recipe_schema

SCHEMA = recipe_schema()


FIELDS: dict[str, dict[str, Any]] = {
    f"{section}.{name}": field
    for section, schema in {"Recipe": SCHEMA, **SCHEMA["$defs"]}.items()
    for name, field in schema["properties"].items()
}


def test_it_is_a_schema_of_its_dialect() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert SCHEMA["title"]


@pytest.mark.parametrize(("name", "field"), FIELDS.items(), ids=FIELDS)
def test_every_field_has_a_description_and_a_default(name: str, field: dict[str, Any]) -> None:
    assert field.get("description"), f"say in training/config.py or architecture.py what {name} is"
    assert "default" in field


CHOICES = {
    "DataRecipe.crop": [*CROPS],
    "ObjectiveRecipe.preset": [*PRESETS],
    "ObjectiveRecipe.divergence": [*RATIO_LOSSES, None],
    "ObjectiveRecipe.generator_loss": [*GENERATOR_LOSSES, None],
    "StochasticResNetArchitecture.distribution": ["normal", "laplace"],
    "OptimisationRecipe.betas": None,
}


@pytest.mark.parametrize(("name", "names"), CHOICES.items(), ids=CHOICES)
def test_a_name_of_a_table_is_a_choice(name: str, names: list[str | None] | None) -> None:
    assert FIELDS[name].get("enum") == names


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_is_one_as_written_and_as_read(name: str) -> None:
    jsonschema.validate(tomllib.loads(shipped_recipes()[name]), SCHEMA)
    jsonschema.validate(load_recipe(name).model_dump(mode="json"), SCHEMA)


def test_a_generator_need_not_be_named() -> None:
    jsonschema.validate({"model": {"generator": {"width": 8}}}, SCHEMA)


WRONG = {
    "unknown section": {"foo": {}},
    "unknown field": {"data": {"sise": 64}},
    "no number": {"training": {"steps": "many"}},
    "out of range": {"data": {"size": 8}},
    "no such row": {"objective": {"divergence": "tv"}},
    "no such crop": {"data": {"crop": "oval"}},
    "weight negative": {"objective": {"weights": {"nell": -1}}},
}


@pytest.mark.parametrize("recipe", WRONG.values(), ids=WRONG)
def test_what_is_no_recipe_is_refused(recipe: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(recipe, SCHEMA)
