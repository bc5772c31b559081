"""The table, one for each direction: a line for every method. results.json has more."""

from collections.abc import Mapping
from typing import Any

from training.experiments.results import cell

COLUMNS = {
    "accuracy": ("accuracy", ".3f"),
    "both ways": ("accuracy_both_ways", ".3f"),
    "plain": ("accuracy_plain", ".3f"),
    "agreement": ("agreement", ".3f"),
    "label": ("label_preserved", ".3f"),
    "diversity": ("diversity", ".2f"),
    "features": ("diversity_features", ".3f"),
    "cycle": ("cycle_plain", ".1f"),
    "jpeg": ("cycle_jpeg_90", ".1f"),
    "noise .05": ("cycle_noise_0.05", ".1f"),
}


def digits_table(results: Mapping[str, Any], source: str, target: str) -> dict[str, dict[str, str]]:
    """By method and column: means over seeds, with their standard deviations where there are several."""
    return {
        method: {
            column: cell(figures.get(f"{name}_{source}_to_{target}"), form, form)
            for column, (name, form) in COLUMNS.items()
        }
        for method, figures in results["methods"].items()
    }
