"""How far a job has come, read from the files that its command keeps anyway."""

import json
import os
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from translation.report import JSON_LINES
from translation.run_folder import RunFolder

TERMS = ("nell", "nelp", "kl_latent", "kl_observed")
VALIDATION = "validation/"  # begins the names of what was measured on the validation split
TAIL_BYTES = 1 << 16
RECENT = 20  # logged steps that the speed is taken from


class Progress(BaseModel):
    done: int = Field(description="steps of a training, else pictures")
    total: int
    unit: Literal["steps", "pictures"]
    epoch: float | None = Field(None, description="how often the longer domain was seen")
    images_per_s: float | None = None
    left_s: float | None = Field(None, description="seconds, at this speed")
    terms: dict[str, float | None] | None = Field(
        None, description="of the objective: nell, nelp, kl_latent, kl_observed, null where not finite"
    )
    evaluated: int | None = Field(
        None,
        description="the step of the newest evaluation on validation pictures; see links.evaluations",
    )
    failed: int | None = Field(None, description="pictures that could not be translated; the report has why")
    sample: str | None = Field(None, description="the newest sample grid, relative to this answer")


class TrainingProgress:
    """Of a run's folder. Its speed is of what was logged after `since`, Unix seconds."""

    def __init__(self, run: RunFolder, since: float) -> None:
        self._run, self._since = run, since
        self._evaluated: int | None = None

    def __call__(self) -> Progress | None:
        rows = _last_rows(self._run.metrics)
        if not rows:
            return None
        self._evaluated = max((row["step"] for row in rows if _is_evaluation(row)), default=self._evaluated)
        row, recent = rows[-1], [each for each in rows[-RECENT:] if each["time"] >= self._since]
        batch_size, pictures = _sizes(self._run)
        steps_per_s = _speed(recent)
        samples = sorted(self._run.samples.glob("[0-9]*.png"))
        return Progress(
            done=row["step"],
            total=row["steps"],
            unit="steps",
            epoch=round(row["step"] * batch_size / pictures, 2) if pictures else None,
            images_per_s=steps_per_s and round(2 * batch_size * steps_per_s, 2),
            left_s=steps_per_s and round((row["steps"] - row["step"]) / steps_per_s, 1),
            terms=_terms([each for each in rows if each["step"] == row["step"]]),
            evaluated=self._evaluated,
            sample=samples[-1].name if samples else None,
        )


class TranslationProgress:
    """Of a folder of translations to be `total`; called again and again, it reads only what is new."""

    def __init__(self, out: Path, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._report, self._total, self._clock = out / JSON_LINES, total, clock
        self._outcomes: dict[str, str] = {}
        self._inode, self._position = -1, 0
        self._began: tuple[float, int] | None = None  # when the first look was, and what was done by then

    def __call__(self) -> Progress | None:
        if not self._report.exists():
            return None
        self._read()
        done = len(self._outcomes)
        self._began = self._began or (self._clock(), done)
        seconds, fresh = self._clock() - self._began[0], done - self._began[1]
        speed = fresh / seconds if seconds > 0 and fresh else None
        return Progress(
            done=done,
            total=self._total,
            unit="pictures",
            images_per_s=speed and round(speed, 2),
            left_s=speed and round((self._total - done) / speed, 1),
            failed=sum(outcome == "failed" for outcome in self._outcomes.values()),
        )

    def _read(self) -> None:
        with self._report.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:  # the command has replaced it
                self._inode, self._position = inode, 0
            file.seek(self._position)
            whole, _, _ = file.read().rpartition(b"\n")
            self._position += len(whole) + bool(whole)
        self._outcomes |= {row["file"]: row["outcome"] for row in _parsed(whole)}


def _terms(rows: Sequence[dict[str, Any]]) -> dict[str, float | None] | None:
    """Of one step; None where it was evaluated alone."""
    return {name: row[name] for row in rows for name in TERMS if name in row} or None


def _is_evaluation(row: dict[str, Any]) -> bool:
    return any(name.startswith(VALIDATION) for name in row)


def _speed(rows: Sequence[dict[str, Any]]) -> float | None:
    """Steps a second."""
    if len(rows) < 2 or rows[-1]["time"] <= rows[0]["time"]:
        return None
    return float((rows[-1]["step"] - rows[0]["step"]) / (rows[-1]["time"] - rows[0]["time"]))


def _sizes(run: RunFolder) -> tuple[int, int]:
    """Pairs a step, and training pictures of the longer domain, 0 where the run does not say."""
    recipe = tomllib.loads(run.recipe.read_text())
    data = json.loads(run.origin.read_bytes()).get("data") or {}
    pictures = [splits["train"]["pictures"] for splits in data.values()]
    return recipe["training"]["batch_size"], max(pictures, default=0)


def _last_rows(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - TAIL_BYTES))
        return _parsed(opened.read())


def _parsed(data: bytes) -> list[dict[str, Any]]:
    """The whole lines; the first may be cut by us, the last by who writes it."""
    rows = []
    for line in data.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
