"""An evaluation as it lies on the disk and as it is read: a document, and tables of texts."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.evaluation.figures import DirectionFigures, Evaluation, Figure
from translation import durable
from translation.packages import version_of

JSON = "evaluation.json"
PAGE = "index.html"

QUALITY = {
    "real": "real pictures of train",
    "sample": "one sample",
    "mean": "mean image",
    "untranslated": "nothing translated",
}
OTHERS = {
    "diversity": "samples of one input",
    "cycle": "lost there and back, grey levels",
    "content": "beside its source",
    "unrelated": "beside another source",
    "domain_score": "domain score, own test pictures and the other domain's",
    "bound": "bound, estimate by own ratios",
}
FIGURES = {
    "pixel_std": "standard deviation of a pixel, grey levels",
    "feature_distance": "cosine distance of features",
    "low_frequency": "correlation of low frequencies",
    "edges": "correlation of edges",
    "flagged": "share of its own at .05 or less",
    "other_flagged": "share of the other's at .05 or less",
    "auroc": "own above other (AUROC)",
    "structure_maps": "distance of structure, by feature maps",
    "structure_crops": "distance of structure, by crops",
}


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as there are columns; the first names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(evaluation: Evaluation) -> list[Table]:
    """For each direction: the distances, then everything else."""
    found = []
    for at in evaluation.directions:
        title = f"{at.source} to {at.target}, {at.pictures} pictures against {at.references}"
        found += [_quality(title, at, evaluation), _others(f"{at.source} to {at.target}", at)]
    return found


def _quality(title: str, at: DirectionFigures, evaluation: Evaluation) -> Table:
    rows = [
        (name, text(line["frechet"]), _with_subsets(line), text(line.get("top1")))
        for name, line in ((name, at.lines[key]) for key, name in QUALITY.items() if key in at.lines)
    ]
    kernel = evaluation.kernel_name.removeprefix(evaluation.frechet_name.removesuffix("FD"))
    columns = ("", evaluation.frechet_name, f"{kernel} ± subsets", f"top-1 {at.target}")
    return Table(title, columns, tuple(rows))


def _others(title: str, at: DirectionFigures) -> Table:
    rows = [
        (f"{label}: {FIGURES.get(name, name.replace('_', ' '))}", text(figure))
        for key, label in OTHERS.items()
        for name, figure in at.lines.get(key, {}).items()
    ]
    return Table(title, ("", "figure"), tuple(rows))


def _with_subsets(line: Mapping[str, Figure]) -> str:
    spread = line["kernel_std"].mean
    return text(line["kernel"]) + (f" ± {_number(spread)}" if math.isfinite(spread) else "")


def text(figure: Figure | None) -> str:
    """The mean and, where it moves with the seed, the standard deviation in brackets; or a dash."""
    if figure is None:
        return "–"
    return _number(figure.mean) + (f" ({_number(figure.std)})" if figure.std > 0 else "")


def _number(value: float) -> str:
    """Three digits, and none is lost before the point."""
    if not math.isfinite(value):
        return "–"
    decimals = 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{value:.{decimals}f}"


def write_json(folder: Path, document: Mapping[str, Any]) -> Path:
    """Whole or not at all."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    durable.write(folder / JSON, text.encode("utf-8", "surrogateescape"))
    return folder / JSON


COMPUTED_BY = ("sjmvi", "torch", "numpy", "pillow", "onnxruntime", "torch-fidelity")


def versions() -> dict[str, str]:
    """What the figures were computed by."""
    return {name: found for name in COMPUTED_BY if (found := version_of(name))}
