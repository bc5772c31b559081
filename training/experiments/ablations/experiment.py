"""Every row trained on the same budget and measured on the validation split, both ways.

What is measured on was trained on by no row, and no final figure is made of it: a choice by these figures may
still be tested. Sources and references are both shrunk to the training size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.ancestry import learned_by
from training.config import load_recipe
from training.domains import DomainFolders, find_domains
from training.evaluation.evaluate import Remembered, evaluate
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import pictures_of_split, usable
from training.experiments.ablations.rows import ROWS
from training.experiments.results import ReportShare, Results, complete
from training.experiments.trained import protocol_of, trained
from training.recipe import Recipe
from translation.device import pick_device
from translation.sampler import Sampler
from translation.weights import load_bundle

BASE = Path(__file__).with_name("base.toml")
MEASURED_SEED = 7
NOISES = (0.02, 0.05)
MEASURES = ("sample", "untranslated", "real", "diversity", "cycle")


@dataclass(frozen=True)
class Setting:
    """What all rows share. `data` holds trainA and trainB; `overrides` are of the base, as `field=value`."""

    data: Path
    domains: tuple[str, str]
    network: FeatureNetwork
    classes: Mapping[str, int]
    overrides: Sequence[str] = ()
    device: str = "auto"


def run_ablations(setting: Setting, out: Path, seeds: Sequence[int], rows: Sequence[str]) -> dict[str, Any]:
    """Make the rows that OUT/results.json lacks; the table. Raises what a training raises, OtherResults, and
    KeyboardInterrupt on a signal: the row under way goes on from there."""
    base = load_recipe(str(BASE), setting.overrides)
    size = base.data.size
    before = learned_by(base.training.start_from)
    folders = find_domains(setting.data, None, setting.domains, base.data.validation_share, before)
    measured = EvaluationProtocol(
        (MEASURED_SEED,), size, inputs=20, noises=NOISES, classes=setting.classes or None, measures=MEASURES
    )
    results = Results(out / "results.json", protocol(base, folders, setting.network, measured), seeds, ROWS)
    references = Remembered(setting.network)
    train, (first, second) = (
        pictures_of_split(files, folders, size) for files in (folders.train, folders.validation)
    )
    validation = (usable(first, size), usable(second, size))

    def make(row: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        folder = out / "runs" / f"{row.replace(' ', '-')}-{seed}"
        overrides = [*setting.overrides, *ROWS[row], f"training.seed={seed}"]
        bundle = trained(folder, (setting.data, None), BASE, setting.domains, overrides, setting.device)
        sampler = Sampler(load_bundle(bundle).model, size, pick_device(setting.device))
        return evaluate(sampler, validation, setting.network, measured, train, references).scalars()

    complete(results, rows, make)
    return results.table()


def protocol(
    base: Recipe, folders: DomainFolders, network: FeatureNetwork, measured: EvaluationProtocol
) -> dict[str, Any]:
    """What two tables must share to be one."""
    return {
        "base": protocol_of(base),
        "data": folders.fingerprint(),
        "measured": {**vars(measured), "split": "validation", "weights": "the average of the last step"},
        "network": {"name": network.name, "sha256": network.digest},
    }
