"""What watches a run. Only on a logged step are there scalars: reading them makes the device wait.

A resumed run repeats the steps since its last checkpoint. So a log begins by dropping what it holds beyond
`start_step`, the steps done before, and no step is in it twice.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from torch import Tensor

from translation.codec import to_image
from translation.durable import replacing

if TYPE_CHECKING:
    from training.objective.divergences import FDivergence
    from training.trainer import StepReport

log = logging.getLogger(__name__)


class Callback(Protocol):
    """Told of every step, and of the end however it comes."""

    def on_step(self, report: StepReport) -> None: ...

    def on_end(self) -> None:
        return  # most have nothing to close


class Progress(Callback):
    """How far, how fast, how long still: a line that renews itself on a terminal, else one a logged step."""

    SHOWN = ("nell", "nelp", "kl_latent", "kl_observed", "ratio_loss")
    RENEW_S = 0.2

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream or sys.stderr
        self.clock = clock
        self.terminal = self.stream.isatty()
        self._recent: deque[tuple[float, int]] = deque(maxlen=100)  # (when a step ended, its pictures)
        self._scalars: Mapping[str, float] = {}
        self._renewed_s = -math.inf

    def on_step(self, report: StepReport) -> None:
        now = self.clock()
        self._recent.append((now, report.images))
        self._scalars = report.scalars or self._scalars
        due = now - self._renewed_s >= self.RENEW_S if self.terminal else bool(report.scalars)
        if due or report.step == report.steps:
            self._renewed_s = now
            self._show(self._line(report))

    def on_end(self) -> None:
        if self.terminal:
            self.stream.write("\n")

    def _show(self, line: str) -> None:
        if self.terminal:
            self.stream.write(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()

    def _line(self, report: StepReport) -> str:
        parts = [f"step {report.step}/{report.steps}", *self._pace(report)]
        parts += [f"{name} {self._scalars[name]:.3g}" for name in self.SHOWN if name in self._scalars]
        parts += [f"skipped {report.skipped}"] if report.skipped else []
        return "  ".join(parts)

    def _pace(self, report: StepReport) -> list[str]:
        seconds = self._recent[-1][0] - self._recent[0][0]
        steps = len(self._recent) - 1
        if not seconds:
            return []
        images = sum(images for _, images in self._recent) - self._recent[0][1]
        left = timedelta(seconds=round((report.steps - report.step) * seconds / steps))
        return [f"{images / seconds:.1f} images/s", f"{left} left"]


def show_count(doing: str, done: int, total: int) -> None:
    """What comes before the first step: a line that renews itself, on a terminal alone."""
    if sys.stderr.isatty() and (done % 20 == 0 or done == total):
        sys.stderr.write(f"\r\x1b[K{doing} {done}/{total}" + "\n" * (done == total))
        sys.stderr.flush()


class JsonLines(Callback):
    """A line a logged step: step, steps, time (Unix seconds), skipped, scalars; null where not finite."""

    def __init__(self, path: Path, start_step: int) -> None:
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        with replacing(path) as file:
            file.writelines(line for line in lines if _step(line) <= start_step)
        self._file = path.open("a", encoding="utf-8")

    def on_step(self, report: StepReport) -> None:
        if report.scalars:
            self._file.write(_json_line(report))
            self._file.flush()

    def on_end(self) -> None:
        self._file.close()


def _json_line(report: StepReport) -> str:
    scalars = {name: value if math.isfinite(value) else None for name, value in report.scalars.items()}
    progress = {"step": report.step, "steps": report.steps, "time": time.time(), "skipped": report.skipped}
    return json.dumps(progress | scalars) + "\n"


def _step(line: bytes) -> float:
    """Infinite for a line that a crash cut short, or that is of no step."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, LookupError):
        return math.inf


class TensorBoard(Callback):
    """The scalars of every logged step, for `tensorboard --logdir`."""

    def __init__(self, folder: Path, start_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # takes a second to import

        self._writer = SummaryWriter(folder, purge_step=start_step + 1)

    def on_step(self, report: StepReport) -> None:
        for name, value in report.scalars.items():
            self._writer.add_scalar(name, value, report.step)

    def on_end(self) -> None:
        self._writer.close()


class SampleGrid(Callback):
    """FOLDER/STEP.png every `every` steps and after the last; `grid` gives (3, H, W) in [0, 1]."""

    def __init__(self, folder: Path, grid: Callable[[], Tensor], every: int) -> None:
        self.folder = folder
        self.grid = grid
        self.every = every
        folder.mkdir(parents=True, exist_ok=True)

    def on_step(self, report: StepReport) -> None:
        if report.step % self.every == 0 or report.step == report.steps:
            with replacing(self.folder / f"{report.step:06}.png") as file:
                to_image(2 * self.grid() - 1).save(file, "PNG")


class StopSigns(Callback):
    """Warns when a ratio has long been no density ratio: its mean over the references, 1 at the truth, is far
    from it.

    It watches only divergences whose pull on a draw grows exponentially with its log ratio. There it means
    that few draws decide, and that the divergences reported are wrong. Bounded divergences survive such
    ratios, and with pictures they are the rule: two sets of pictures hardly overlap, so that only the slope
    of a ratio is of use.
    """

    CREDIBLE = (0.1, 10.0)
    PATIENCE = 10  # logged steps

    def __init__(self, divergence: FDivergence) -> None:
        self.is_bounded = divergence.is_bounded
        self._in_a_row = {"latent": 0, "observed": 0}

    def on_step(self, report: StepReport) -> None:
        if self.is_bounded or not report.scalars:
            return
        for ratio in self._in_a_row:
            mean = report.scalars[f"mean_ratio_{ratio}"]
            is_credible = self.CREDIBLE[0] <= mean <= self.CREDIBLE[1]  # what is not a number is not
            self._in_a_row[ratio] = 0 if is_credible else self._in_a_row[ratio] + 1
            if self._in_a_row[ratio] == self.PATIENCE:
                self._warn(report.step, ratio, mean)

    def _warn(self, step: int, ratio: str, mean: float) -> None:
        log.warning(
            "step %d: the %s ratio is not to be believed, nor is kl_%s. Its mean over the references, 1 for "
            "a true ratio, has been outside [%g, %g] for %d logged steps and is %.3g now. Take "
            "objective.divergence=gan, in which no draw outweighs another, or raise optimisation.ratio_steps "
            "and lower optimisation.ratios_rate",
            *(step, ratio, ratio, *self.CREDIBLE, self.PATIENCE, mean),
        )
