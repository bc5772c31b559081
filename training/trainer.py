"""The training loop: draw both joints, descend the four terms, descend the ratio loss."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from training.callbacks import Callback
from training.checkpoint import CheckpointFolder
from training.dataset import Batch
from training.distributed import ALONE, Processes
from training.domains import BadDataset
from training.learner import Learner
from training.objective.ratios import frozen
from training.objective.sjmvi import SJMVI, Draws, SJMVITerms
from training.optimisers import Descent
from training.random_state import restore_rng_state, rng_state
from training.samples import code_spread
from training.scalars import joint_scalars
from training.schedule import Schedule
from translation.codec import InvalidImage

log = logging.getLogger(__name__)

MAX_SKIPPED_IN_A_ROW = 10


class Diverged(RuntimeError):
    """Ten steps in a row gave a loss or gradient that is not finite."""


@dataclass(frozen=True)
class StepReport:
    """One step, as callbacks see it. `scalars` is empty but for every `log_every`-th step: reading them waits
    for the device. `images` counts both domains; `skipped` the steps so far whose
    loss or gradient was not finite: of the maps, and nothing changed; of the ratios, and they did not."""

    step: int
    steps: int
    images: int
    scalars: Mapping[str, float]
    skipped: int


@dataclass(frozen=True)
class Part:
    """Of a batch, what the device held at once: its share of the whole, its draws, the terms they gave.

    All losses are means over the batch. So the parts' losses, each times its share, sum to the batch's.
    """

    share: float
    draws: Draws
    terms: SJMVITerms


class Trainer:
    """Runs a learner through an objective. `autocast` opens the mixed-precision region of the networks."""

    def __init__(
        self,
        learner: Learner,
        objective: SJMVI,
        schedule: Schedule,
        checkpoints: CheckpointFolder,
        autocast: Callable[[], AbstractContextManager[Any]],
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        self.learner = learner
        self.objective = self._as_given = objective
        self.schedule = schedule
        self.checkpoints = checkpoints
        self.autocast = autocast
        self.device = device
        self.processes = processes
        self.step = 0
        self.skipped = 0
        self.skipped_in_a_row = 0
        self._norms: dict[str, Tensor] = {}  # of the last gradients, before they were clipped

    def restore(self) -> None:
        """Continue from the newest whole checkpoint, where there is one: the first process's, in all."""
        found = self.checkpoints.load_latest() if self.processes.is_first else None
        found = self.processes.from_first(found)  # on the CPU, where Adam keeps its counts
        if found is None:
            self.processes.equalise_(self.learner.weights())
            return
        self.step, state = found
        self.learner.load_state_dict(state["learner"])
        restore_rng_state(state["rng"])
        self.skipped = int(state["skipped"])

    def save(self) -> None:
        if not self.processes.is_first:
            return
        state = {"learner": self.learner.state_dict(), "rng": rng_state(), "skipped": self.skipped}
        self.checkpoints.save(self.step, state)

    def run(
        self, batches: Iterable[Batch], callbacks: Sequence[Callback], stopped: Callable[[], bool]
    ) -> bool:
        """Train to the end: True; or until `stopped`: False. Either way the last step is in a checkpoint.

        Raises BadDataset, InvalidImage, with the last step kept too; Diverged, with checkpoints from before
        the trouble.
        """
        saved_at = time.monotonic()
        with ExitStack() as stack:
            for callback in callbacks:
                stack.callback(callback.on_end)
            try:
                for batch in batches:
                    if self.step >= self.schedule.steps or stopped():
                        break
                    report = self.learn(batch)
                    for callback in callbacks:
                        callback.on_step(report)
                    late = time.monotonic() - saved_at > self.schedule.checkpoint_every_s
                    if late and not self.skipped_in_a_row:
                        self.save()
                        saved_at = time.monotonic()
            except (BadDataset, InvalidImage):
                self.save()
                raise
            self.save()
        return self.step >= self.schedule.steps

    def learn(self, batch: Batch) -> StepReport:
        """One step. Raises Diverged."""
        self.processes.seed(self.schedule.seed, self.step)
        learner, courses, share = self.learner, self.schedule.courses, self.step / self.schedule.steps
        courses.apply_at(share, learner.model, learner.ratios)
        self.objective = courses.objective_at(share, self._as_given)
        parts, finite = self._descend_maps(batch)
        side: Literal["maps", "ratios"] = "maps"
        if finite:
            losses, finite = self._descend_ratios(parts)
            side = "ratios"
        if finite:  # else the maps stepped, and nothing answers to what they are now
            self.learner.average.update_parameters(self.learner.model)
        self._count(finite, side)
        self.step += 1
        scalars: dict[str, float] = {}
        if finite and (self.step % self.schedule.log_every == 0 or self.step == self.schedule.steps):
            scalars = self._scalars(parts, losses) | courses.in_effect(share)
        return StepReport(self.step, self.schedule.steps, 2 * self.schedule.batch_size, scalars, self.skipped)

    def forward_maps(self, x: Tensor, z: Tensor) -> tuple[Draws, SJMVITerms]:
        """What the maps make of pairs (B, 3, H, W) on the device, to be descended: the ratios are frozen."""
        learner = self.learner
        with frozen(learner.networks), self.autocast():
            draws = self.objective.draw(learner.maps, x, z)
            return draws, self.objective.terms(learner.maps, learner.ratios, draws)

    def draw_again(self, draws: Draws) -> Draws:
        """Of the same marginals' samples, without a gradient."""
        with torch.no_grad(), self.autocast():
            return self.objective.draw(self.learner.maps, draws.q.given, draws.p.given)

    def _descend_maps(self, batch: Batch) -> tuple[list[Part], bool]:
        learner, parts = self.learner, []
        descent = learner.maps_optimisation.descent()
        for x, z in self._pairs(batch):
            draws, terms = self.forward_maps(x, z)
            share = len(x) / self.schedule.batch_size
            descent.add(share * self.objective.maps_loss(terms))
            parts.append(Part(share, draws.detached(), terms))
        return parts, self._take("maps", descent)

    def _descend_ratios(self, parts: list[Part]) -> tuple[list[dict[str, Tensor]], bool]:
        learner, penalty, finite = self.learner, self.schedule.penalty(self.step), True
        for repetition in range(self.schedule.ratio_steps):
            descent, losses = learner.ratios_optimisation.descent(), []
            for part in parts:
                draws = learner.replay(self.draw_again(part.draws) if repetition else part.draws)
                with self.autocast():
                    loss = self.objective.ratio_loss(learner.ratios, draws)
                found = {"ratio_loss": loss}
                if penalty:
                    found["gradient_penalty"] = self.objective.gradient_penalty(learner.ratios, draws)
                    loss = loss + penalty * found["gradient_penalty"]
                descent.add(part.share * loss)
                losses.append(found)
            finite &= self._take("ratios", descent)
        return losses, finite

    def _take(self, side: str, descent: Descent) -> bool:
        is_finite = descent.take(self.step, self.processes)
        self._norms[f"{side}_gradient_norm"] = descent.norm
        return is_finite

    def _pairs(self, batch: Batch) -> Iterator[tuple[Tensor, Tensor]]:
        """On the device, as many as it is to hold at once."""
        at_once = self.schedule.micro_batch
        for x, z in zip(torch.split(batch.x, at_once), torch.split(batch.z, at_once), strict=True):
            yield x.to(self.device, non_blocking=True), z.to(self.device, non_blocking=True)

    def _count(self, finite: bool, side: Literal["maps", "ratios"]) -> None:
        self.skipped_in_a_row = 0 if finite else self.skipped_in_a_row + 1
        if finite:
            return
        self.skipped += 1
        log.warning(
            "step %d: the %s stay as they are, their loss or gradient is not finite", self.step + 1, side
        )
        if self.skipped_in_a_row == MAX_SKIPPED_IN_A_ROW:
            raise Diverged(
                f"{MAX_SKIPPED_IN_A_ROW} steps in a row up to step {self.step + 1} gave a loss or gradient "
                "that is not finite. The checkpoints and the bundle hold what was learned before: lower "
                "optimisation.maps_rate and ratios_rate, or raise gradient_penalty, and train anew, from the "
                "bundle (training.start_from) or from nothing"
            )

    def _scalars(self, parts: list[Part], losses: list[dict[str, Tensor]]) -> dict[str, float]:
        found = [
            {**part.terms.named(), **loss, **self._diagnostics(part.draws)}
            for part, loss in zip(parts, losses, strict=True)
        ]
        scalars = joint_scalars(found, [part.share for part in parts], self.processes)
        norms = {name: float(norm) for name, norm in self._norms.items()}
        return scalars | norms | {"rate": self.learner.maps_optimisation.rate(self.step - 1)}

    def _diagnostics(self, draws: Draws) -> dict[str, Tensor]:
        to_x, to_z = map(self.learner.model.conditional, self.learner.model.domains)
        with self.autocast():
            return {
                **self.objective.diagnostics(self.learner.ratios, draws),
                "code_spread_latent": code_spread(to_z, draws.q.given),
                "code_spread_observed": code_spread(to_x, draws.p.given),
            }
