"""A run: a folder with a recipe, checkpoints, logs and sample grids, which ends in a weights bundle."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import torch

from training.ancestry import learned_by
from training.beginning import begin, keep, refuse_begun
from training.build import (
    build_autocast,
    build_dataset,
    build_judge,
    build_learner,
    build_objective,
    build_schedule,
    build_validator,
)
from training.callbacks import Callback, JsonLines, Progress, SampleGrid, StopSigns, TensorBoard
from training.checkpoint import CheckpointFolder, saved_steps
from training.config import load_recipe, measured_by
from training.dataset import UnpairedFolders, UnpairedSampler, find_domains, loader
from training.distributed import Processes, held, joined
from training.doctor.folders import find_folders
from training.doctor.for_run import inspect_for_run
from training.domains import BadDataset, DomainFolders
from training.draw_shares import find_shares
from training.ending import finish, has_result, rest
from training.evaluation.validation import Validator
from training.interruption import Interrupted, until_stopped
from training.learner import Learner
from training.memory import explained, pairs_at_once
from training.origin import Origin
from training.pace import lasting
from training.preparation import prepare
from training.publication import save_state
from training.recipe import Recipe
from training.resumable_overrides import resumed_recipe
from training.samples import sample_grid
from training.selection import Measurements, Save, Selection, refuse_other_network
from training.trainer import Diverged, Trainer
from translation.run_folder import RunFolder
from translation.signals import stop_signals

GRID_PICTURES = 4
GRID_SAMPLES = 4
MOST_GRIDS = 50  # 6 MB each at 256 pixels, and small sets have many epochs


def train(  # noqa: PLR0913 - what a recipe does not say, each of it one thing
    first: Path,
    second: Path | None,
    recipe: str,
    domains: tuple[str, str] | None = None,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    device: str = "auto",
    *,
    features: str | None = None,
    minutes: float | None = None,
) -> Path:
    """Train from the beginning; the run folder, whose bundle/ is the result.

    `features` name a network to validate by where the recipe names none, and the pictures are enough for it;
    `minutes` are about how long it takes, in place of the recipe's steps.
    Raises NoSuchDevice, BadRecipe, BadDataset, BadFeatureNetwork, InvalidBundle, NotARun, RunInUse,
    LostProcess, TooLittleMemory, Diverged, Interrupted.
    """
    loaded = load_recipe(recipe, overrides)
    with joined(device, loaded.training.batch_size) as (processes, processor):
        before = learned_by(loaded.training.start_from)
        folders = find_domains(first, second, domains, loaded.data.validation_share, before)
        loaded = measured_by(loaded, features, min(map(len, folders.validation)))
        name = f"{'-'.join(folders.domains)}-{datetime.now():%Y%m%d-%H%M%S}"
        run = RunFolder(processes.from_first(out or Path("runs") / name))
        origin = Origin.of(first, second, folders, loaded.training.start_from)
        validator = build_validator(loaded, folders, processor) if processes.is_first else None
        if processes.is_first:
            refuse_begun(run)
        if minutes is not None:
            loaded = lasting(minutes, loaded, processor, processes)
        if processes.is_first:
            begin(run, loaded, origin)
        _inspect(run, loaded, origin, processes)
        return _run(run, loaded, origin, folders, processor, processes, validator)


def resume(
    run: Path,
    device: str = "auto",
    overrides: Sequence[str] = (),
    folders: tuple[Path, Path | None] | None = None,
) -> Path:
    """Continue a run from its newest checkpoint: on a CPU, bit for bit as if it had never stopped.

    Of one that has ended with a bundle that is whole, that stays as it is.
    `overrides` are of RESUMABLE alone. `folders`, as `train` has them, where its own lie elsewhere now.
    Raises NotARun, and what `train` raises.
    """
    begun = RunFolder(run)
    origin = Origin.read(begun)
    if folders is not None:
        origin = origin.moved(*folders)
    recipe = resumed_recipe(begun, overrides)
    with joined(device, recipe.training.batch_size) as (processes, processor):
        found = origin.find(recipe.data.validation_share)
        validator = build_validator(recipe, found, processor) if processes.is_first else None
        if validator is not None and validator.network:
            refuse_other_network(begun, validator.as_json())
        steps = saved_steps(begun.checkpoints)
        if not steps and not begun.data_report.exists():
            _inspect(begun, recipe, origin, processes)  # it ended while it looked
        has_ended = bool(steps) and steps[-1] >= recipe.training.steps and has_result(begun, recipe)
        if processes.from_first(has_ended):
            return rest(begun, recipe, origin, found, validator, processor, processes)
        return _run(begun, recipe, origin, found, processor, processes, validator)


def _inspect(run: RunFolder, recipe: Recipe, origin: Origin, processes: Processes) -> None:
    def inspect(stopped: Callable[[], bool]) -> None:
        folders = find_folders(origin.first, origin.second, origin.domains)
        try:
            inspect_for_run(run, folders, recipe.data, stopped)
        except BadDataset:
            run.origin.unlink()  # so that the same command begins it, once they are mended
            raise

    until_stopped(run.path, processes, inspect)


def _run(
    run: RunFolder,
    recipe: Recipe,
    origin: Origin,
    folders: DomainFolders,
    device: torch.device,
    processes: Processes,
    validator: Validator | None,
) -> Path:
    with held(run.path, processes):
        if processes.is_first:
            keep(run, recipe, origin)
        _learn(run, recipe, origin, folders, device, processes, validator)
        processes.first_does(partial(finish, run, folders, validator, device))
    return run.path


def _learn(
    run: RunFolder,
    recipe: Recipe,
    origin: Origin,
    folders: DomainFolders,
    device: torch.device,
    processes: Processes,
    validator: Validator | None,
) -> None:
    """To the last step, and its bundle. The memory that it takes is free again after it."""
    dataset = build_dataset(recipe, folders)
    trainer = _trainer(run, recipe, origin, device, processes)
    sampler = _sampler(run, recipe, dataset, device, processes)
    batch_size, workers = recipe.training.batch_size, recipe.data.workers
    batches = loader(dataset, sampler, batch_size, trainer.step, workers, processes.part)
    save = partial(save_state, recipe, origin, dataset, trainer)
    callbacks: list[Callback] = []
    publish: Callable[[], None] = partial(save, run.bundle)
    if validator is not None:  # the first process alone has it, and them
        every = _grid_period(recipe, sampler.steps_per_epoch(batch_size))
        grids = _grids(run, trainer.learner, dataset, every)
        callbacks, publish = _watched(run, recipe, trainer, grids, validator, save)
    prepare(trainer, recipe)
    try:
        with explained(run.path, pairs_at_once(trainer)), stop_signals() as received:
            is_finished = trainer.run(batches, callbacks, lambda: bool(processes.signal(received)))
            signal_number = processes.signal(received)
    except Diverged:
        processes.first_does(publish)  # of the last good step: to start from
        raise
    processes.first_does(publish)
    if not is_finished:
        raise Interrupted(run.path, signal_number)


def _sampler(
    run: RunFolder, recipe: Recipe, dataset: UnpairedFolders, device: torch.device, processes: Processes
) -> UnpairedSampler:
    find = partial(find_shares, run, dataset, device)
    shares = until_stopped(run.path, processes, find) if recipe.data.balance else None
    return UnpairedSampler(dataset.lengths, recipe.training.seed, shares)


def _trainer(
    run: RunFolder, recipe: Recipe, origin: Origin, device: torch.device, processes: Processes
) -> Trainer:
    """As far as the run has come."""
    checkpoints = CheckpointFolder(run.checkpoints)
    start_from = None if checkpoints.steps() else recipe.training.start_from  # it may be gone by now
    if start_from:
        origin.check_start(start_from)
    trainer = Trainer(
        build_learner(recipe, origin.domains, device, start_from),
        build_objective(recipe.objective),
        build_schedule(recipe),
        checkpoints,
        build_autocast(recipe, device),
        device,
        processes,
    )
    trainer.restore()
    return trainer


def _grid_period(recipe: Recipe, epoch: int) -> int:
    """In steps, as `epoch` is."""
    return recipe.training.grid_every or max(epoch, recipe.training.steps // MOST_GRIDS)


def _grids(run: RunFolder, learner: Learner, dataset: UnpairedFolders, every: int) -> SampleGrid:
    held_out = dataset.validation_batch(GRID_PICTURES)
    return SampleGrid(run.samples, lambda: sample_grid(learner.averaged, held_out, GRID_SAMPLES), every)


def _watched(
    run: RunFolder, recipe: Recipe, trainer: Trainer, grids: SampleGrid, validator: Validator, save: Save
) -> tuple[list[Callback], Callable[[], None]]:
    """What is told of every step, and what publishes the weights that are the run's result."""
    start_step, evaluation = trainer.step, recipe.evaluation
    loggers = [JsonLines(run.metrics, start_step), TensorBoard(run.tensorboard, start_step)]
    judge = build_judge(recipe, trainer.learner)
    measurements = Measurements(
        measure=lambda: validator(trainer.learner.averaged, judge),
        loggers=loggers,
        every=evaluation.every or max(recipe.training.steps // 10, 1),
    )
    measured: Callback = measurements
    publish: Callable[[], None] = partial(save, run.bundle)
    if validator.network is not None:
        measured = selection = Selection(run, measurements, save, evaluation.patience, validator.as_json())
        publish = selection.publish
    stop_signs = StopSigns(trainer.objective.divergence)
    return [Progress(), *loggers, grids, measured, stop_signs], publish
