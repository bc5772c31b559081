"""What was measured on a training's validation split, from the log that its command keeps."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from app.jobs.folder import JobFolder
from app.jobs.progress import VALIDATION
from app.schemas import example

SCORE = f"{VALIDATION}score"
Lines = dict[str, dict[str, float | None]]

EXAMPLE: dict[str, Any] = {
    **{"step": 600, "score": 12.4},
    "directions": [
        {"source": "horse", "to": "zebra", "lines": {"cycle": {"plain": 9.1, "jpeg_90": 10.4}}},
        {"source": "zebra", "to": "horse", "lines": {"cycle": {"plain": 8.7, "jpeg_90": 9.9}}},
    ],
}


class EvaluatedDirection(BaseModel):
    source: str
    to: str
    lines: Lines = Field(
        description="figures as `sjmvi evaluate` has them: cycle and bound always, sample and diversity by a "
        "network alone"
    )


class JobEvaluation(BaseModel):
    step: int
    score: float | None = Field(None, description="by which the best weights are chosen, the less the better")
    directions: list[EvaluatedDirection]


class JobEvaluations(BaseModel):
    model_config = example({"evaluations": [EXAMPLE]})

    evaluations: list[JobEvaluation] = Field(description="of a training, the oldest first")


def evaluations(folder: JobFolder) -> list[JobEvaluation]:
    if not folder.run.origin.exists():
        return []
    first, second = json.loads(folder.run.origin.read_bytes())["domains"]
    by_step = {row["step"]: row for row in _rows(folder)}
    return [
        JobEvaluation(
            step=step,
            score=by_step[step].get(SCORE),
            directions=[_direction(by_step[step], *way) for way in ((first, second), (second, first))],
        )
        for step in sorted(by_step)
    ]


def _direction(row: dict[str, Any], source: str, to: str) -> EvaluatedDirection:
    prefix, lines = f"{VALIDATION}{source}_to_{to}/", Lines()
    for path, value in row.items():
        if path.startswith(prefix):
            line, _, name = path.removeprefix(prefix).partition("/")
            lines.setdefault(line, {})[name] = value
    return EvaluatedDirection(source=source, to=to, lines=lines)


def _rows(folder: JobFolder) -> Iterator[dict[str, Any]]:
    """The lines that are whole: the last may be at work on."""
    log = folder.run.metrics
    if not log.exists():
        return
    with log.open("rb") as lines:
        for line in lines:
            if f'"{VALIDATION}'.encode() in line and line.endswith(b"}\n"):
                yield json.loads(line)
