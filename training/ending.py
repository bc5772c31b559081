"""A run that has trained to its end: its bundle is its result, and is not made a second time.

What is written anew is another bundle, by the time that its card tells, though the weights are the same.
"""

import logging
from functools import partial
from pathlib import Path

import torch

from training.beginning import keep
from training.calibration import calibrate_bundle
from training.callbacks import show_count
from training.distributed import Processes, held
from training.domains import DomainFolders
from training.evaluation.pictures import held_out_of
from training.evaluation.validation import Validator
from training.origin import Origin
from training.process_size import SizedBy, choose_process_size
from training.recipe import Recipe
from training.selection import VALIDATION
from translation.card import Card, InvalidBundle, read_card
from translation.run_folder import RunFolder
from translation.weights import PROCESS_SIZE, load_bundle

log = logging.getLogger(__name__)


def has_result(run: RunFolder, recipe: Recipe) -> bool:
    """Whether the bundle of a run that has come to its last step is of that, and whole."""
    try:
        card = load_bundle(run.bundle).card
        if recipe.evaluation.features is None:
            return card.steps == recipe.training.steps
        last, _ = read_card(run.last)
    except InvalidBundle:
        return False
    return last.steps == recipe.training.steps == _last_seen(card)  # the bundle's card is the last to be told


def rest(
    run: RunFolder,
    recipe: Recipe,
    origin: Origin,
    folders: DomainFolders,
    validator: Validator | None,
    device: torch.device,
    processes: Processes,
) -> Path:
    """Of a run that has its result: what `finish` gives it, where a crash came before.

    Raises RunInUse, LostProcess.
    """
    with held(run.path, processes):
        if processes.is_first:
            log.warning(
                "%s has ended, and its bundle stays as it is; to go on from its weights, begin a new run "
                "with --set training.start_from=%s",
                *(run, run.bundle),
            )
            keep(run, recipe, origin)
            finish(run, folders, validator, device)
        processes.wait()
    return run.path


def finish(run: RunFolder, folders: DomainFolders, validator: Validator | None, device: torch.device) -> None:
    """What its bundle lacks of what held-out pictures give it: domain scores and, by a network, the process
    size."""
    held_out, card = held_out_of(folders), read_card(run.bundle)[0]
    if card.calibration is None:
        calibrate_bundle(run.bundle, held_out, device)
    if validator and validator.network and PROCESS_SIZE not in card.metrics:
        seen = SizedBy(validator.network, validator.split)
        choose_process_size(run.bundle, held_out, seen, device, partial(show_count, "trying sizes"))


def _last_seen(card: Card) -> int | None:
    step: int | None = card.metrics.get(VALIDATION, {}).get("last", {}).get("step")
    return step
