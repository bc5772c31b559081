"""What a run's folder says of the run, its recipe and its origin: written when it begins."""

from training.checkpoint import RunLock
from training.config import dump_recipe, load_recipe
from training.origin import NotARun, Origin
from training.recipe import Recipe
from translation import durable
from translation.run_folder import RunFolder


def begin(run: RunFolder, recipe: Recipe, origin: Origin) -> None:
    """Makes the folder, with both in it. Raises NotARun, RunInUse."""
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotARun(f"{run} is no folder: give another --out") from error
    with RunLock(run.path):  # from another run that begins here now
        refuse_begun(run)
        _write(run, recipe)
        origin.write(run)


def keep(run: RunFolder, recipe: Recipe, origin: Origin) -> None:
    """Write what a resumption has changed, so that the next one need not say it again."""
    if origin != Origin.read(run):
        origin.write(run)
    if recipe != load_recipe(str(run.recipe)):
        _write(run, recipe)


def _write(run: RunFolder, recipe: Recipe) -> None:
    durable.write(run.recipe, dump_recipe(recipe).encode())


def refuse_begun(run: RunFolder) -> None:
    """Raises NotARun."""
    if run.origin.exists():
        raise NotARun(f"{run} holds a run already: continue it with --resume {run}, or give another --out")
