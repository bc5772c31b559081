"""Every row trained alike on scenes of its seed, and measured on scenes that no row has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import load_recipe
from training.dataset import Batch
from training.experiments.ellipses.measure import SAMPLES, SCENES, TEST_SEED, Measured
from training.experiments.ellipses.pictures import DOMAINS, write_pair
from training.experiments.ellipses.rows import TRAINED, TRUTH
from training.experiments.results import ReportShare, Results, complete
from training.experiments.trained import protocol_of, trained
from training.recipe import Recipe
from training.samples import sample_grid
from translation.codec import to_image
from translation.durable import replacing
from translation.model import TranslationModel
from translation.weights import load_bundle

BASE = Path(__file__).with_name("base.toml")
PICTURES = 300
GRID, GRID_ROWS, GRID_SAMPLES = "grid.png", 6, 6


@dataclass(frozen=True)
class Setting:
    """What all rows share: `pictures` of each domain, and values of the base, as `field=value`."""

    pictures: int = PICTURES
    overrides: Sequence[str] = ()
    device: str = "auto"


def run_ellipses(setting: Setting, out: Path, seeds: Sequence[int], rows: Sequence[str]) -> dict[str, Any]:
    """Make the rows that OUT/results.json lacks; the table. Raises OtherResults, what a training raises, and
    KeyboardInterrupt on a signal: the training under way goes on from there."""
    base = load_recipe(str(BASE), setting.overrides)
    results = Results(out / "results.json", protocol(base, setting), seeds, TRAINED)
    measured = Measured.scenes(base.data.size)

    def make(row: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        if row == TRUTH:
            return measured.truth()
        folder = out / "runs" / f"{row.replace(' ', '-')}-{seed}"
        overrides = [*setting.overrides, *TRAINED[row], f"training.seed={seed}"]
        pair = write_pair(out / "pictures", setting.pictures, seed)
        bundle = trained(folder, pair, BASE, DOMAINS, overrides, setting.device)
        model = load_bundle(bundle).model
        _draw(model, measured, folder / GRID)
        return measured(model, seed)

    complete(results, rows, make)
    return results.table()


def protocol(base: Recipe, setting: Setting) -> dict[str, Any]:
    """What two tables must share to be one."""
    return {
        "base": protocol_of(base),
        "pictures": setting.pictures,
        "measured": {"scenes": SCENES, "samples": SAMPLES, "seed": TEST_SEED},
        "weights": "the average of the last step",
    }


def _draw(model: TranslationModel, measured: Measured, file: Path) -> None:
    """A row a scene, plain above striped: itself, samples, the first one back."""
    x, z = (measured.drawn[name][0, :GRID_ROWS] for name in DOMAINS)
    with replacing(file) as written:
        to_image(sample_grid(model, Batch(x, z), GRID_SAMPLES) * 2 - 1).save(written, "PNG")
