"""The training loop: draw both joints, descend the four terms, descend the ratio loss."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from training.callbacks import Callback, StopSigns
from training.checkpoint import CheckpointFolder, restore_rng_state, rng_state
from training.courses import Courses
from training.dataset import Batch
from training.objective.ratios import frozen, gradient_penalty
from training.objective.sjmvi import SJMVI, Draws, Maps, Ratios, SJMVITerms, ratio_diagnostics
from training.optimisers import Optimisation
from training.replay import Replay
from training.samples import code_spread
from translation.model import DensityRatios, TranslationModel

log = logging.getLogger(__name__)

MAX_SKIPPED_IN_A_ROW = 10


class Diverged(RuntimeError):
    """Ten steps in a row gave a loss or gradient that is not finite."""


@dataclass(frozen=True)
class StepReport:
    """One step, as callbacks see it. `scalars` is empty but for every `log_every`-th step: reading them waits
    for the device. `images` counts both domains; `skipped` the steps left out so far."""

    step: int
    steps: int
    images: int
    scalars: Mapping[str, float]
    skipped: int


@dataclass(frozen=True)
class Learner:
    """All that learns, or is kept of what was drawn: networks, their average, the ratios over them, both
    optimisers, the pools of past draws."""

    model: TranslationModel
    average: AveragedModel
    networks: DensityRatios
    ratios: Ratios
    maps_optimisation: Optimisation
    ratios_optimisation: Optimisation
    replay: Replay = field(default_factory=Replay)

    @property
    def maps(self) -> Maps:
        return Maps(*map(self.model.conditional, self.model.domains))

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state.get(name, {}) if name == "replay" else state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "average": self.average,
            "networks": self.networks,
            "maps_optimisation": self.maps_optimisation,
            "ratios_optimisation": self.ratios_optimisation,
            "replay": self.replay,
        }


@dataclass(frozen=True)
class Schedule:
    """Counts and periods of a run, in steps but for checkpoint_every_s."""

    steps: int
    ratio_steps: int
    gradient_penalty: float
    gradient_penalty_every: int
    log_every: int
    checkpoint_every_s: float
    courses: Courses = field(default_factory=Courses)


class Trainer:
    """Runs a learner through an objective. `autocast` opens the mixed-precision region of the networks."""

    def __init__(
        self,
        learner: Learner,
        objective: SJMVI,
        schedule: Schedule,
        checkpoints: CheckpointFolder,
        callbacks: Sequence[Callback],
        autocast: Callable[[], AbstractContextManager[Any]],
        device: torch.device,
    ) -> None:
        self.learner = learner
        self.objective = self._as_given = objective
        self.schedule = schedule
        self.checkpoints = checkpoints
        self.callbacks = callbacks
        self.autocast = autocast
        self.device = device
        self.step = 0
        self.skipped = 0
        self.skipped_in_a_row = 0

    def restore(self) -> None:
        """Continue from the newest whole checkpoint, where there is one."""
        if (found := self.checkpoints.load_latest()) is None:  # to the CPU, where Adam keeps its counts
            return
        self.step, state = found
        self.learner.load_state_dict(state["learner"])
        restore_rng_state(state["rng"])
        self.skipped = int(state["skipped"])

    def save(self) -> None:
        state = {"learner": self.learner.state_dict(), "rng": rng_state(), "skipped": self.skipped}
        self.checkpoints.save(self.step, state)

    def run(self, batches: Iterable[Batch], stopped: Callable[[], bool]) -> bool:
        """Train to the end: True; or until `stopped`: False. Either way the last step is in a checkpoint.

        Raises Diverged, with the checkpoints from before the trouble kept.
        """
        saved_at = time.monotonic()
        callbacks = (*self.callbacks, StopSigns(self.objective.divergence))
        with ExitStack() as stack:
            for callback in callbacks:
                stack.callback(callback.on_end)
            for batch in batches:
                if self.step >= self.schedule.steps or stopped():
                    break
                report = self._step(batch)
                for callback in callbacks:
                    callback.on_step(report)
                if time.monotonic() - saved_at > self.schedule.checkpoint_every_s:
                    self.save()
                    saved_at = time.monotonic()
            self.save()
        return self.step >= self.schedule.steps

    def _step(self, batch: Batch) -> StepReport:
        learner, courses, share = self.learner, self.schedule.courses, self.step / self.schedule.steps
        self.objective = courses.follow(self._as_given, learner.model, learner.ratios, share)
        x, z = batch.x.to(self.device, non_blocking=True), batch.z.to(self.device, non_blocking=True)
        terms, draws, finite = self._descend_maps(x, z)
        if finite:
            self.learner.average.update_parameters(self.learner.model)
            ratio_loss, finite = self._descend_ratios(draws, x, z)
        self._count(finite)
        self.step += 1
        scalars: dict[str, float] = {}
        if finite and self.step % self.schedule.log_every == 0:
            scalars = self._scalars(terms, ratio_loss, draws) | courses.in_effect(share)
        return StepReport(self.step, self.schedule.steps, 2 * len(x), scalars, self.skipped)

    def _descend_maps(self, x: Tensor, z: Tensor) -> tuple[SJMVITerms, Draws, bool]:
        learner = self.learner
        with frozen(learner.networks), self.autocast():
            draws = self.objective.draw(learner.maps, x, z)
            terms = self.objective.terms(learner.maps, learner.ratios, draws)
        finite = learner.maps_optimisation.descend(self.objective.maps_loss(terms), self.step)
        return terms, draws.detached(), finite

    def _descend_ratios(self, draws: Draws, x: Tensor, z: Tensor) -> tuple[Tensor, bool]:
        learner, finite = self.learner, True
        for repetition in range(self.schedule.ratio_steps):
            if repetition:
                with torch.no_grad(), self.autocast():
                    draws = self.objective.draw(learner.maps, x, z)
            replayed = learner.replay(draws)
            with self.autocast():
                loss = self.objective.ratio_loss(learner.ratios, replayed)
            finite &= learner.ratios_optimisation.descend(loss + self._penalty(replayed), self.step)
        return loss, finite

    def _penalty(self, draws: Draws) -> Tensor | float:
        """Lazy R1 (Karras et al., 2020): every k-th step, k times as strong."""
        every = self.schedule.gradient_penalty_every
        if not self.schedule.gradient_penalty or self.step % every:
            return 0.0
        ratios, augment = self.learner.ratios, self.objective.augment
        penalty = gradient_penalty(ratios.latent, draws.latent_reference, draws.q.given, augment)
        penalty = penalty + gradient_penalty(
            ratios.observed, draws.observed_reference, draws.p.given, augment
        )
        return every * self.schedule.gradient_penalty * penalty

    def _count(self, finite: bool) -> None:
        self.skipped_in_a_row = 0 if finite else self.skipped_in_a_row + 1
        if finite:
            return
        self.skipped += 1
        log.warning("step %d left out: its loss or gradient is not finite", self.step + 1)
        if self.skipped_in_a_row == MAX_SKIPPED_IN_A_ROW:
            raise Diverged(
                f"{MAX_SKIPPED_IN_A_ROW} steps in a row up to step {self.step + 1} gave a loss or gradient "
                "that is not finite. The checkpoints and the bundle hold what was learned before: lower "
                "optimisation.maps_rate and ratios_rate, or raise gradient_penalty, and train anew, from the "
                "bundle (training.start_from) or from nothing"
            )

    def _scalars(self, terms: SJMVITerms, ratio_loss: Tensor, draws: Draws) -> dict[str, float]:
        with self.autocast():
            diagnostics = ratio_diagnostics(self.learner.ratios, draws, self.objective.divergence)
            model = self.learner.model
            observed, latent = model.domains
            spreads = {
                "code_spread_latent": code_spread(model.conditional(latent), draws.q.given),
                "code_spread_observed": code_spread(model.conditional(observed), draws.p.given),
            }
        found: dict[str, Tensor] = {**terms.named(), "ratio_loss": ratio_loss, **diagnostics, **spreads}
        scalars = {name: float(value.detach()) for name, value in found.items()}
        return scalars | {"rate": self.learner.maps_optimisation.rate(self.step - 1)}
