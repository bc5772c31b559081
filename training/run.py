"""A run: a folder with a recipe, checkpoints, logs and sample grids, which ends in a weights bundle.

recipe.toml   run.json   data.json   data.html   checkpoints/   metrics.jsonl   tensorboard/   samples/
bundle/   last/

Without an evaluation bundle/ is the last state, and there is no last/.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import torch

from training.build import (
    build_autocast,
    build_dataset,
    build_learner,
    build_objective,
    build_schedule,
    build_validator,
)
from training.callbacks import Callback, JsonLines, Progress, SampleGrid, TensorBoard
from training.checkpoint import CheckpointFolder, RunLock
from training.config import Recipe, dump_recipe, load_recipe
from training.dataset import UnpairedFolders, UnpairedSampler, find_domains, loader
from training.doctor.folders import find_folders
from training.doctor.for_run import inspect_for_run
from training.doctor.inspection import Stopped
from training.domains import DomainFolders
from training.evaluation.validation import Validator
from training.origin import RUN_FILE, NotARun, Origin, lineage_of
from training.publication import average_of, save_state
from training.samples import sample_grid
from training.selection import Save, Selection, refuse_other_network
from training.trainer import Diverged, Learner, Trainer
from translation.device import pick_device
from translation.durable import replacing
from translation.signals import stop_signals

GRID_PICTURES = 4
GRID_SAMPLES = 4


class Interrupted(RuntimeError):
    """A signal ended the training; everything up to its last step is in the run."""

    def __init__(self, run: Path, signal_number: int) -> None:
        super().__init__(f"stopped; continue with: sjmvi train --resume {run}")
        self.run = run
        self.signal_number = signal_number


def train(
    first: Path,
    second: Path | None,
    recipe: str,
    domains: tuple[str, str] | None = None,
    overrides: Sequence[str] = (),
    out: Path | None = None,
    device: str = "auto",
) -> Path:
    """Train from the beginning; the run folder, whose bundle/ is the result.

    Raises NoSuchDevice, BadRecipe, BadDataset, BadFeatureNetwork, InvalidBundle, NotARun, RunInUse, Diverged,
    Interrupted.
    """
    processor = pick_device(device)
    loaded = load_recipe(recipe, overrides)
    folders = find_domains(first, second, domains, loaded.data.validation_share)
    run = out or Path("runs") / f"{'-'.join(folders.domains)}-{datetime.now():%Y%m%d-%H%M%S}"
    origin = Origin(
        first=first.resolve(),
        second=second and second.resolve(),
        domains=folders.domains,
        data=folders.fingerprint(),
        lineage=lineage_of(loaded.training.start_from),
    )
    validator = build_validator(loaded, folders, processor)
    _begin(run, loaded, origin)
    _inspect(run, loaded, origin)
    return _run(run, loaded, origin, folders, processor, validator)


def resume(run: Path, device: str = "auto") -> Path:
    """Continue a run from its newest checkpoint: on a CPU, bit for bit as if it had never stopped.

    Raises NotARun, and what `train` raises.
    """
    origin = Origin.read(run)
    recipe = load_recipe(str(run / "recipe.toml"))
    folders = origin.find(recipe.data.validation_share)
    processor = pick_device(device)
    validator = build_validator(recipe, folders, processor)
    if validator is not None:
        refuse_other_network(run, validator.as_json())
    return _run(run, recipe, origin, folders, processor, validator)


def _begin(run: Path, recipe: Recipe, origin: Origin) -> None:
    try:
        run.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotARun(f"{run} is no folder: give another --out") from error
    with RunLock(run):  # from another run that begins here now
        if (run / RUN_FILE).exists():
            raise NotARun(
                f"{run} holds a run already: continue it with --resume {run}, or give another --out"
            )
        with replacing(run / "recipe.toml") as file:
            file.write(dump_recipe(recipe).encode())
        origin.write(run)


def _inspect(run: Path, recipe: Recipe, origin: Origin) -> None:
    folders = find_folders(origin.first, origin.second, origin.domains)
    with stop_signals() as received, suppress(Stopped):
        inspect_for_run(run, folders, recipe.data.size, stopped=lambda: bool(received))
    if received:
        raise Interrupted(run, received[0])


def _run(
    run: Path,
    recipe: Recipe,
    origin: Origin,
    folders: DomainFolders,
    device: torch.device,
    validator: Validator | None,
) -> Path:
    with RunLock(run):
        dataset = build_dataset(recipe, folders)
        trainer = _trainer(run, recipe, origin, device)
        sampler = UnpairedSampler(dataset.lengths, recipe.training.seed)
        batch_size = recipe.training.batch_size
        batches = loader(dataset, sampler, batch_size, trainer.step, recipe.data.workers)
        every = recipe.training.grid_every or sampler.steps_per_epoch(batch_size)
        trainer.callbacks = _callbacks(run, trainer.learner, dataset, trainer.step, every)
        save = partial(save_state, recipe, origin, dataset, trainer)
        publish: Callable[[], None] = partial(save, run / "bundle")
        if validator is not None:
            selection = _selection(run, recipe, trainer, validator, save)
            trainer.callbacks = [*trainer.callbacks, selection]
            publish = selection.publish
        try:
            with stop_signals() as received:
                is_finished = trainer.run(batches, stopped=lambda: bool(received))
        except Diverged:
            publish()  # of the last good step: to start from
            raise
        publish()
        if not is_finished:
            raise Interrupted(run, received[0])
    return run


def _trainer(run: Path, recipe: Recipe, origin: Origin, device: torch.device) -> Trainer:
    """As far as the run has come, without callbacks."""
    checkpoints = CheckpointFolder(run / "checkpoints")
    start_from = None if checkpoints.steps() else recipe.training.start_from  # it may be gone by now
    if start_from:
        origin.check_start(start_from)
    trainer = Trainer(
        build_learner(recipe, origin.domains, device, start_from),
        build_objective(recipe.objective),
        build_schedule(recipe),
        checkpoints,
        [],
        build_autocast(recipe, device),
        device,
    )
    trainer.restore()
    return trainer


def _callbacks(
    run: Path, learner: Learner, dataset: UnpairedFolders, start_step: int, grid_every: int
) -> list[Callback]:
    held_out = dataset.validation_batch(GRID_PICTURES)

    def grid() -> torch.Tensor:
        return sample_grid(average_of(learner), held_out, GRID_SAMPLES)

    return [
        Progress(),
        JsonLines(run / "metrics.jsonl", start_step),
        TensorBoard(run / "tensorboard", start_step),
        SampleGrid(run / "samples", grid, grid_every),
    ]


def _selection(run: Path, recipe: Recipe, trainer: Trainer, validator: Validator, save: Save) -> Selection:
    """Its figures go where the training's go."""
    return Selection(
        run,
        measure=lambda: validator(average_of(trainer.learner)),
        save=save,
        logs=[each for each in trainer.callbacks if isinstance(each, JsonLines | TensorBoard)],
        every=recipe.evaluation.every or max(recipe.training.steps // 10, 1),
        patience=recipe.evaluation.patience,
        protocol=validator.as_json(),
    )
