"""What a run's folder says of the run: recipe.toml and run.json, written when it begins."""

from pathlib import Path

from training.checkpoint import RunLock
from training.config import dump_recipe, load_recipe
from training.origin import RUN_FILE, NotARun, Origin
from training.recipe import Recipe
from translation.durable import replacing

RECIPE_FILE = "recipe.toml"


def begin(run: Path, recipe: Recipe, origin: Origin) -> None:
    """Makes the folder, with both in it. Raises NotARun, RunInUse."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotARun(f"{run} is no folder: give another --out") from error
    with RunLock(run):  # from another run that begins here now
        refuse_begun(run)
        _write(run, recipe)
        origin.write(run)


def keep(run: Path, recipe: Recipe, origin: Origin) -> None:
    """Write what a resumption has changed, so that the next one need not say it again."""
    if origin != Origin.read(run):
        origin.write(run)
    if recipe != load_recipe(str(run / RECIPE_FILE)):
        _write(run, recipe)


def _write(run: Path, recipe: Recipe) -> None:
    with replacing(run / RECIPE_FILE) as file:
        file.write(dump_recipe(recipe).encode())


def refuse_begun(run: Path) -> None:
    """Raises NotARun."""
    if (run / RUN_FILE).exists():
        raise NotARun(f"{run} holds a run already: continue it with --resume {run}, or give another --out")
