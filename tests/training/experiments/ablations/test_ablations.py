from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import run
from training.build import build_objective
from training.config import load_recipe
from training.evaluation.features import FeatureNetwork, Features
from training.experiments.ablations.experiment import BASE, Setting, run_ablations
from training.experiments.ablations.rows import ROWS
from training.experiments.ablations.table import ablation_table
from training.experiments.results import OtherResults
from training.interruption import Interrupted

DOMAINS = ("plain", "striped")
TINY = (
    "data.size=16",
    "data.load_size=16",
    "data.workers=0",
    "model.generator.width=4",
    "model.generator.blocks=1",
    "model.noise.width=4",
    "model.discriminator.width=4",
    "model.discriminator.projection=4",
    "training.steps=2",
)


class MeanColour(FeatureNetwork):
    """Logits: which colour is the strongest."""

    def look(self, images: Sequence[Image.Image]) -> Features:
        pixels = np.stack([np.asarray(image, np.float64).mean((0, 1)) for image in images])
        return Features(pixels, pixels)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    root, noise = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name in ("trainA", "trainB"):
        (root / name).mkdir()
        for index in range(20):
            Image.fromarray(noise.integers(0, 256, (20, 20, 3), np.uint8)).save(root / name / f"{index}.png")
    network = MeanColour("colour", "0" * 64, 8)
    return Setting(root, DOMAINS, network, {"plain": 0, "striped": 1}, TINY, "cpu")


@pytest.mark.parametrize("row", ROWS)
def test_every_row_departs_from_the_base_in_what_it_says(row: str) -> None:
    base, recipe = load_recipe(str(BASE)).model_dump(), load_recipe(str(BASE), ROWS[row]).model_dump()
    said = {override.partition("=")[0] for override in ROWS[row]}
    assert all(_at(recipe, name) != _at(base, name) for name in said)
    base, recipe = (_given([]), _given(ROWS[row]))  # another network has fields that no row has to say
    for name in said:
        _forget(recipe, name)
        _forget(base, name)
    assert recipe == base


def test_the_cyclegan_row_has_the_objective_of_the_cyclegan_recipe() -> None:
    row, shipped = load_recipe(str(BASE), ROWS["cyclegan"]), load_recipe("cyclegan")
    ours, theirs = build_objective(row.objective), build_objective(shipped.objective)
    assert (ours.divergence, ours.generator_loss, ours.sampling) == (
        theirs.divergence,
        theirs.generator_loss,
        theirs.sampling,
    )
    assert (ours.weights.nell, ours.weights.nelp, ours.weights.ratio) == (10, 10, theirs.weights.ratio)
    assert row.optimisation.replay_pairs == shipped.optimisation.replay_pairs


def test_rows_are_made_once_and_have_a_line_in_the_table(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_ablations(setting, tmp_path, [0], ["base"])
    run_ablations(setting, tmp_path, [0], ["base", "no codes"])
    for name in ("train", "resume"):
        monkeypatch.delattr(run, name)
    found = run_ablations(setting, tmp_path, [0], ["base", "no codes"])
    table = ablation_table(found, *DOMAINS)
    assert list(table) == ["nothing translated", "real pictures", "base", "no codes"]
    assert float(table["base"]["FD"]) > 0
    assert float(table["base"]["diversity"]) > 0
    assert table["nothing translated"]["cycle"] == table["no codes"]["diversity"] == "-"
    assert table["real pictures"]["FD"] != table["nothing translated"]["FD"]
    with pytest.raises(OtherResults, match="steps"):
        run_ablations(
            Setting(**{**vars(setting), "overrides": (*TINY, "training.steps=3")}), tmp_path, [0], []
        )


def test_a_signal_ends_it_with_the_row_to_go_on_with(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> Path:
        raise Interrupted(tmp_path, 2)

    monkeypatch.setattr(run, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_ablations(setting, tmp_path, [0], ["base"])


def _at(fields: dict[str, object], name: str) -> object:
    for part in name.split("."):
        fields = fields[part]  # type: ignore[assignment]
    return fields


def _given(overrides: Sequence[str]) -> dict[str, object]:
    return load_recipe(str(BASE), overrides).model_dump(exclude_unset=True)


def _forget(fields: dict[str, object], name: str) -> None:
    *sections, last = name.split(".")
    for part in sections:
        fields = fields.setdefault(part, {})  # type: ignore[assignment]
    fields.pop(last, None)
