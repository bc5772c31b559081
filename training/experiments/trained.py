"""A training as one part of an experiment: begun, or taken up where it was interrupted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import run
from training.beginning import RECIPE_FILE
from training.config import load_recipe
from training.experiments.results import OtherResults, difference
from training.interruption import Interrupted
from training.means import MEANS, NETWORK
from training.origin import RUN_FILE, Origin
from training.recipe import Recipe

# The network chooses weights: of another one, or of none, a run has another result.
FREE = tuple(name for name in MEANS if name != NETWORK)


def trained(
    folder: Path,
    data: tuple[Path, Path | None],
    base: Path,
    domains: tuple[str, str],
    overrides: Sequence[str],
    device: str,
) -> Path:
    """The bundle of a run of the recipe, trained or taken up. Of a run that has begun, only the means may
    change.

    Raises OtherResults where the folder holds a run of another recipe or of other domains, BadDataset where
    it is of other pictures, KeyboardInterrupt on a signal, and what a training raises.
    """
    has_begun = (folder / RUN_FILE).exists()
    if has_begun:
        _refuse_other(folder, load_recipe(str(base), overrides), domains)
    try:
        if has_begun:
            means = [override for override in overrides if override.partition("=")[0] in FREE]
            return run.resume(folder, device, means, *data) / "bundle"
        return run.train(*data, str(base), domains, overrides, folder, device) / "bundle"
    except Interrupted as stopped:
        raise KeyboardInterrupt from stopped


def protocol_of(base: Recipe) -> dict[str, Any]:
    """What the base says of how its rows are trained, for the protocol of results."""
    return _without_means(base.model_dump(mode="json", exclude_unset=True, exclude={"description"}))


def _refuse_other(folder: Path, wanted: Recipe, domains: tuple[str, str]) -> None:
    begun = load_recipe(str(folder / RECIPE_FILE))
    theirs = _said(begun, Origin.read(folder).domains)
    if differing := difference(theirs, _said(wanted, domains)):
        raise OtherResults(
            f"{folder} holds a run of other settings ({'; '.join(differing)}): move it away, or give "
            "another --out"
        )


def _said(recipe: Recipe, domains: tuple[str, str]) -> dict[str, Any]:
    fields = recipe.model_dump(mode="json", exclude={"description"})
    return {**_without_means(fields), "domains": list(domains)}


def _without_means(fields: dict[str, Any]) -> dict[str, Any]:
    for name in FREE:
        section, field = name.split(".")
        fields.get(section, {}).pop(field, None)
    return fields
