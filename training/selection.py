"""Which weights of a run are its result: those that score best on the validation split, not the last.

RUN/bundle is the selected state and RUN/last the last. The card of RUN/bundle alone says which state is
selected, so that after a kill at any instant the bundle and its figures belong together.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.callbacks import Callback
from training.evaluation.features import BadFeatureNetwork
from training.evaluation.validation import PREFIX, RULE, SCORE
from translation import durable
from translation.card import CARD, read_card
from translation.run_folder import RunFolder

if TYPE_CHECKING:
    from training.trainer import StepReport

log = logging.getLogger(__name__)

Figures = Mapping[str, float]
Save = Callable[[Path, dict[str, Any]], None]  # a bundle of the present state, with these metrics in its card

VALIDATION = "validation"


@dataclass(frozen=True)
class Candidate:
    """The state after a step, and its figures on the validation split."""

    step: int
    figures: Figures

    @property
    def score(self) -> float:
        """The less the better; infinite where it is not a number, so that no later state is worse."""
        return self.figures.get(SCORE, math.inf)

    def as_json(self) -> dict[str, Any]:
        figures = {name.removeprefix(PREFIX): value for name, value in self.figures.items()}
        return {"step": self.step, "figures": figures}


class Measurements(Callback):
    """Every `every` steps and after the last. `loggers` get a report of their own for each."""

    def __init__(self, measure: Callable[[], Figures], loggers: Sequence[Callback], every: int) -> None:
        self.measure = measure
        self.loggers = loggers
        self.every = every

    def on_step(self, report: StepReport) -> None:
        self.after(report)

    def after(self, report: StepReport) -> Candidate | None:
        """What was measured after that step, if something was."""
        if report.step % self.every and report.step != report.steps:
            return None
        candidate = Candidate(report.step, self.measure())
        for each in self.loggers:
            each.on_step(replace(report, scalars=candidate.figures))
        return candidate


class Selection(Callback):
    """Keeps the best of what is measured, and says when there was none for long.

    RUN/metrics.jsonl, where the measurements are logged, is read again by a resumed run. `protocol` goes into
    the cards.
    """

    def __init__(
        self,
        run: RunFolder,
        measurements: Measurements,
        save: Save,
        patience: int,
        protocol: Mapping[str, Any],
    ) -> None:
        self.run = run
        self.measurements = measurements
        self.save = save
        self.patience = patience
        self.protocol = protocol
        self.selected = _selected(run.bundle)
        self.seen = _logged(run.metrics)

    def on_step(self, report: StepReport) -> None:
        candidate = self.measurements.after(report)
        if candidate is None:
            return
        self.seen.append(candidate)
        if self.selected is None or candidate.score < self.selected.score or self.selected.score == math.inf:
            self.selected = candidate
            self.save(self.run.bundle, self.metrics())
        else:
            self._advise(report.step, self.selected)

    def publish(self) -> None:
        """RUN/last, and in the card of RUN/bundle the figures of both; before any evaluation they are one."""
        self.save(self.run.last, self.metrics())
        if self.selected is None:
            self.save(self.run.bundle, self.metrics())
            return
        card, _ = read_card(self.run.bundle)
        told = card.model_copy(update={"metrics": self.metrics()})
        durable.write(self.run.bundle / CARD, told.model_dump_json(indent=2).encode())

    def metrics(self) -> dict[str, Any]:
        """For a card: the rule, to what and how often it was applied, figures of the selected and last."""
        last = self.seen[-1] if self.seen else None
        both = {"selected": self.selected, "last": last}
        figures = {name: candidate.as_json() for name, candidate in both.items() if candidate is not None}
        told = {"rule": RULE, "evaluations": len(self.seen), "protocol": dict(self.protocol)}
        return {VALIDATION: {**told, **figures}}

    def _advise(self, step: int, best: Candidate) -> None:
        since = sum(candidate.step > best.step for candidate in self.seen)
        if since and since % self.patience == 0:
            log.warning(
                "step %d: no better validation figure for %d evaluations. The best, %.3g, was at step %d and "
                "lies in %s: a run that stops now loses nothing that was measured",
                *(step, since, best.score, best.step, self.run.bundle),
            )


def refuse_other_network(run: RunFolder, protocol: Mapping[str, Any]) -> None:
    """Raises BadFeatureNetwork where the run has selected by another network until now."""
    before = _told(run.bundle).get("protocol")
    if before is not None and before["network"] != protocol["network"]:
        raise BadFeatureNetwork(
            f"{run} has selected by {before['network']} until now, and its recipe's network is "
            f"{protocol['network']}: figures of both cannot be compared"
        )


def _told(bundle: Path) -> dict[str, Any]:
    """What the bundle's card says of its validation; nothing where there is no bundle."""
    if not (bundle / CARD).exists():
        return {}
    told: dict[str, Any] = read_card(bundle)[0].metrics.get(VALIDATION, {})
    return told


def _selected(bundle: Path) -> Candidate | None:
    """What the card says; None where there is no bundle yet, or one that nothing was selected for."""
    found = _told(bundle).get("selected")
    if found is None:
        return None
    return Candidate(found["step"], {f"{PREFIX}{name}": value for name, value in found["figures"].items()})


def _logged(metrics: Path) -> list[Candidate]:
    """The evaluations of the steps before, oldest first."""
    rows = map(json.loads, metrics.read_text("utf-8").splitlines()) if metrics.exists() else ()
    return [
        Candidate(row["step"], {name: value for name, value in row.items() if name.startswith(PREFIX)})
        for row in rows
        if any(name.startswith(PREFIX) for name in row)
    ]
