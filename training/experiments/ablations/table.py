"""The table, one for each direction: a line for every row, and before them what doing nothing and what real
pictures score."""

from collections.abc import Mapping
from typing import Any

from training.experiments.results import cell

REFERENCES = {"nothing translated": "untranslated", "real pictures": "real"}
SAMPLE = "sample"
COLUMNS = {
    "FD": (SAMPLE, "frechet", ".1f"),
    "KD": (SAMPLE, "kernel", ".2f"),
    "top-1": (SAMPLE, "top1", ".3f"),
    "diversity": ("diversity", "pixel_std", ".2f"),
    "cycle": ("cycle", "plain", ".1f"),
    "noisy cycle": ("cycle", "noise_0.05", ".1f"),
}


def ablation_table(results: Mapping[str, Any], source: str, target: str) -> dict[str, dict[str, str]]:
    """By row and column: means over seeds, with their standard deviations where there are several."""
    methods = results["methods"]
    if not methods:
        return {}
    direction, some = f"{source}_to_{target}", next(iter(methods.values()))
    references = {name: _cells(some, direction, line) for name, line in REFERENCES.items()}
    return references | {row: _cells(figures, direction, SAMPLE) for row, figures in methods.items()}


def _cells(figures: Mapping[str, Any], direction: str, scored: str) -> dict[str, str]:
    """Only samples have a diversity and a cycle."""
    cells = {}
    for column, (line, name, form) in COLUMNS.items():
        key = f"{direction}/{scored if line == SAMPLE else line}/{name}"
        cells[column] = cell(figures.get(key), form, form) if SAMPLE in (scored, line) else "-"
    return cells
