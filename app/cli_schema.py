"""`sjmvi train --schema`: what a recipe may say, for forms and editors."""

import json

import typer


def print_schema(is_wanted: bool) -> None:
    """An eager option's callback: with it, the command does nothing else."""
    if is_wanted:
        from training.recipe import recipe_schema

        typer.echo(json.dumps(recipe_schema()))
        raise typer.Exit
