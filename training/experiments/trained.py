"""A training as one part of an experiment: begun, or taken up where it was interrupted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import run
from training.config import load_recipe
from training.experiments.results import OtherResults, difference
from training.interruption import Interrupted
from training.origin import Origin
from training.recipe import Recipe
from training.resumable_overrides import NETWORK, RESUMABLE
from translation.run_folder import RunFolder

# The network chooses weights: of another one, or of none, a run has another result.
FREE = tuple(name for name in RESUMABLE if name != NETWORK)


def trained(
    folder: Path,
    data: tuple[Path, Path | None],
    base: Path,
    domains: tuple[str, str],
    overrides: Sequence[str],
    device: str,
) -> Path:
    """The run's bundle. Of a run that has begun, FREE alone may be others than they were.

    Raises OtherResults where the folder holds a run of another recipe or of other domains, BadDataset where
    it is of other pictures, KeyboardInterrupt on a signal, and what a training raises.
    """
    found = RunFolder(folder)
    has_begun = found.origin.exists()
    if has_begun:
        _refuse_other(found, load_recipe(str(base), overrides), domains)
    try:
        if has_begun:
            free = [override for override in overrides if override.partition("=")[0] in FREE]
            run.resume(folder, device, free, data)
        else:
            run.train(*data, str(base), domains, overrides, folder, device)
    except Interrupted as stopped:
        raise KeyboardInterrupt from stopped
    return found.bundle


def protocol_of(base: Recipe) -> dict[str, Any]:
    """What the base says of how its rows are trained, for the protocol of results."""
    return _without_free(base.model_dump(mode="json", exclude_unset=True, exclude={"description"}))


def _refuse_other(run: RunFolder, wanted: Recipe, domains: tuple[str, str]) -> None:
    begun = load_recipe(str(run.recipe))
    theirs = _said(begun, Origin.read(run).domains)
    if differing := difference(theirs, _said(wanted, domains)):
        raise OtherResults(
            f"{run} holds a run of other settings ({'; '.join(differing)}): move it away, or give "
            "another --out"
        )


def _said(recipe: Recipe, domains: tuple[str, str]) -> dict[str, Any]:
    fields = recipe.model_dump(mode="json", exclude={"description"})
    return {**_without_free(fields), "domains": list(domains)}


def _without_free(fields: dict[str, Any]) -> dict[str, Any]:
    for name in FREE:
        section, field = name.split(".")
        fields.get(section, {}).pop(field, None)
    return fields
