"""What a recipe cannot have is told by its field; whatever a shipped recipe has passes."""

from typing import Any

import pytest

from app.jobs.recipe_values import faults
from app.recipes import RecipeBook, recipe_book


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return recipe_book()


def flat(values: dict[str, Any], way: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in values.items():
        inner = flat(value, f"{way}{name}.") if isinstance(value, dict) else {f"{way}{name}": value}
        fields |= inner
    return fields


def test_what_the_shipped_recipes_have_passes(book: RecipeBook) -> None:
    for recipe in book.recipes:
        assert faults(flat(recipe.values), book.json_schema) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("training.steps", 10**6),
        ("optimisation.maps_rate", 1),
        ("objective.conditioning", 0.5),
        ("objective.conditioning", [[0, 0.1], [1, 1.0]]),
        ("model.discriminator.name", "projected-patch"),
        ("objective.augmentation", ["colour", "cutout"]),
        ("objective.augmentation", "colour, cutout"),
    ],
)
def test_what_a_recipe_can_have_passes(field: str, value: object, book: RecipeBook) -> None:
    assert faults({field: value}, book.json_schema) == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("training.steps", "abc", 'training.steps should be a whole number of at least 1, not "abc"'),
        ("training.steps", 1.5, "training.steps should be a whole number of at least 1, not 1.5"),
        ("training.compile", 1, "training.compile should be true or false, not 1"),
        ("training.micro_batch", 0, "training.micro_batch should be a whole number of at least 1, not 0"),
        ("training.precision", "half", "one of auto, float32, bfloat16"),
        ("data.validation_share", 1, "a number over 0 and below 1"),
        ("optimisation.betas", [0.5], "[a number of at least 0 and below 1, a number"),
        ("objective.conditioning", [[2, 0]], "a list of [a number"),
        ("model.generator", 3, "a section"),
        ("model.discriminator.name", "pach", "conditional-patch or projected-patch"),
        ("objective.augmentation", "colour,blur", "a list of one of colour, translation, cutout"),
        ("training.stepz", 3, "training.stepz is no field of a recipe"),
        ("training.steps.more", 3, "training.steps.more is no field of a recipe"),
    ],
)
def test_what_it_cannot_is_named_with_what_its_field_wants(
    field: str, value: object, told: str, book: RecipeBook
) -> None:
    (fault,) = faults({field: value}, book.json_schema)
    assert fault.startswith(field)
    assert told in fault
