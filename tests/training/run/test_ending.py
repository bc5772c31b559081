"""A run that has ended is resumed: its bundle stays as it is, and what a crash cost is made good."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.cli import execute
from training.calibration import calibrate_bundle
from training.evaluation.pictures import read_pictures
from training.run import resume, train
from translation.card import read_card
from translation.weights import PROCESS_SIZE, load_bundle


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Pictures enough to hold out what scores need."""
    root, noise = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
    for name in ("plain", "striped"):
        (root / name).mkdir()
        for index in range(26):
            pixels = noise.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    return root / "plain", root / "striped"


@pytest.fixture(scope="module", params=["last", "selected"])
def ended(
    request: pytest.FixtureRequest,
    many: tuple[Path, Path],
    tiny: str,
    colours: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """With scores of both domains. Not to be changed."""
    overrides = ["data.validation_share=0.8", "training.steps=4"]
    if request.param == "selected":
        overrides += [f"evaluation.features={colours}", "evaluation.every=2"]
    out = tmp_path_factory.mktemp("runs") / request.param
    return train(*many, tiny, overrides=overrides, out=out, device="cpu")


@pytest.fixture
def run(ended: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ended, tmp_path / "run"))


def contents(run: Path) -> dict[str, tuple[bytes, int]]:
    """Of its bundles, and when each was written."""
    files = [*run.glob("bundle/*"), *run.glob("last/*")]
    return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_its_bundle_stays_as_it_is(
    run: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(run)
    resume(run, device="cpu")
    assert f"{run} has ended, and its bundle stays as it is; to go on" in caplog.text
    assert f"--set training.start_from={run}/bundle" in caplog.text
    assert execute(["train", "--resume", str(run), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"{run}/bundle\n"
    assert contents(run) == before


def test_a_crash_before_the_scores_costs_these_alone(ended: Path, run: Path) -> None:
    card = json.loads((ended / "bundle/card.json").read_text())
    files = {name: sha for name, sha in card["files"].items() if not name.startswith("score_")}
    (run / "bundle/card.json").write_text(json.dumps({**card, "files": files, "calibration": None}))
    resume(run, device="cpu")
    assert read_card(run / "bundle")[0] == read_card(ended / "bundle")[0]
    assert {*load_bundle(run / "bundle").calibrations} == {"plain", "striped"}


def test_a_crash_before_the_size_was_chosen_costs_that_alone(ended: Path, run: Path) -> None:
    card = json.loads((ended / "bundle/card.json").read_text())
    metrics = {name: value for name, value in card["metrics"].items() if name != PROCESS_SIZE}
    (run / "bundle/card.json").write_text(json.dumps({**card, "process_size": 16, "metrics": metrics}))
    resume(run, device="cpu")
    assert read_card(run / "bundle")[0] == read_card(ended / "bundle")[0]


def test_a_run_that_selects_chooses_a_size_and_others_work_at_that_of_the_training(ended: Path) -> None:
    card, _ = read_card(ended / "bundle")
    if ended.name == "last":
        assert (card.process_size, PROCESS_SIZE in card.metrics) == (16, False)
    else:
        assert [each["size"] for each in card.metrics[PROCESS_SIZE]["sizes"]] == [16, 20]
        assert "no test picture was looked at" in card.metrics[PROCESS_SIZE]["split"]


def test_what_it_was_calibrated_on_by_hand_stays(run: Path, many: tuple[Path, Path]) -> None:
    first, second = map(read_pictures, many)
    calibrate_bundle(run / "bundle", (first, second), torch.device("cpu"))
    before = contents(run)
    resume(run, device="cpu")
    assert contents(run) == before


def test_a_crash_before_the_bundle_was_whole_costs_no_step(ended: Path, run: Path) -> None:
    """Of a run that selects, the last state is written before the bundle's card is told of it."""
    shutil.rmtree(next(run.glob("last"), run / "bundle"))
    resume(run, device="cpu")
    for card in ended.glob("*/card.json"):
        ours, theirs = (read_card(each / card.parent.name)[0] for each in (run, ended))
        assert (ours.files, ours.steps, ours.metrics) == (theirs.files, theirs.steps, theirs.metrics)
    assert (run / "metrics.jsonl").read_text() == (ended / "metrics.jsonl").read_text()


def test_a_state_of_an_earlier_step_is_not_its_result(run: Path) -> None:
    """As a stop leaves it where a kill follows, between the last checkpoint and the bundle."""
    card = next(run.glob("last/card.json"), run / "bundle/card.json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"steps": 2}))
    resume(run, device="cpu")
    assert read_card(card.parent)[0].steps == 4
