"""`sjmvi train --schema` and `--recipes`: what a recipe may say, and what the shipped ones do, for forms."""

import json

import typer


def print_schema(is_wanted: bool) -> None:
    """An eager option's callback: with it, the command does nothing else."""
    if is_wanted:
        from training.recipe import recipe_schema

        typer.echo(json.dumps(recipe_schema()))
        raise typer.Exit


def print_recipes(is_wanted: bool) -> None:
    """As `print_schema`: the shipped ones by name with every value told, and the schema that they keep to."""
    if is_wanted:
        from training.config import load_recipe, shipped_recipes
        from training.recipe import recipe_schema

        recipes = [(name, load_recipe(name)) for name in sorted(shipped_recipes())]
        told = [
            {"name": name, "description": recipe.description, "values": recipe.model_dump(mode="json")}
            for name, recipe in recipes
        ]
        typer.echo(json.dumps({"recipes": told, "schema": recipe_schema()}))
        raise typer.Exit
