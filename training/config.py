"""Recipes on the disk: shipped ones, files, and one saved in every run; TOML with overrides."""

import logging
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from training.recipe import Recipe

log = logging.getLogger(__name__)

ENOUGH = 20  # of each domain: among fewer, what scored best did so by chance


class BadRecipe(ValueError):
    """A recipe that does not exist, is not TOML, or has a field that is unknown or out of range."""


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """A shipped recipe by name or a TOML file, with `section.field=value` overrides. Raises BadRecipe."""
    try:
        fields = tomllib.loads(_source(name_or_path))
        for override in overrides:
            apply_override(fields, override)
        return Recipe.model_validate(fields)
    except ValidationError as error:
        raise BadRecipe(f"{name_or_path}: {first_fault(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{name_or_path} is not TOML: {error}") from error


def measured_by(recipe: Recipe, features: str | None, pictures: int) -> Recipe:
    """The recipe, evaluated by that network if it names none, and `pictures` of the validation split are
    enough."""
    if features is None or recipe.evaluation.features is not None:
        return recipe
    if pictures < ENOUGH:
        log.warning(
            "%d pictures are held out, and %s needs %d to select by: the last state will be the result. "
            "A larger data.validation_share holds out more",
            *(pictures, features, ENOUGH),
        )
        return recipe
    fields = recipe.model_dump()
    return Recipe.model_validate({**fields, "evaluation": {**fields["evaluation"], "features": features}})


def dump_recipe(recipe: Recipe) -> str:
    """TOML that `load_recipe` reads back as an equal recipe."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def shipped_recipes() -> dict[str, str]:
    """Name -> TOML."""
    folder = files("training") / "recipes"
    recipes = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in recipes}


def _source(name_or_path: str) -> str:
    shipped = shipped_recipes()
    if name_or_path in shipped:
        return shipped[name_or_path]
    if not Path(name_or_path).is_file():
        raise BadRecipe(
            f"no recipe named {name_or_path!r}: give one of {', '.join(sorted(shipped))}, or a TOML file"
        )
    return Path(name_or_path).read_text("utf-8")


def first_fault(error: ValidationError) -> str:
    """One line: which field, what is wrong with it, what was given."""
    first, *others = error.errors()
    # several of one field are those of its alternatives: the deepest is of the one that came closest
    of_one_field = (fault for fault in others if fault["loc"][:2] == first["loc"][:2])
    fault = max((first, *of_one_field), key=lambda each: len(each["loc"]))
    parts = (str(part) for part in fault["loc"])
    where = ".".join(part for part in parts if part.isidentifier() or part.isdigit())  # not the alternative's
    if fault["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{where}: there is no such field; sjmvi train --schema has them all"
    given = "" if isinstance(fault["input"], dict) else f" (got {fault['input']!r})"
    return f"{where}: {fault['msg']}{given}".removeprefix(": ").replace("Value error, ", "")


def apply_override(fields: dict[str, Any], override: str) -> None:
    """`data.size=64`; the value is TOML, or a plain word. Raises BadRecipe."""
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise BadRecipe(f"{override!r} is not of the form section.field=value")
    *sections, field = key.split(".")
    for section in sections:
        fields = fields.setdefault(section, {})
        if not isinstance(fields, dict):
            raise BadRecipe(f"{override!r}: {section} is a field, not a section")
    try:
        fields[field] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        fields[field] = value
