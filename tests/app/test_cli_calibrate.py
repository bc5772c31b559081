"""`sjmvi weights calibrate`, from two folders to a score on a translation's report."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli import execute
from translation.card import read_card
from translation.codec import decode, on_white
from translation.weights import load_bundle


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle, and 20 noisy pictures of either domain."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_bundle, "bundle")
    noise = np.random.default_rng(0)
    for name in ("horses", "zebras"):
        Path(name).mkdir()
        for index in range(20):
            pixels = noise.integers(0, 256, (32, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"{name}/{index}.png")


def test_scores_are_ranks_among_the_pictures_from_then_on(
    capsys: pytest.CaptureFixture[str], photograph: bytes
) -> None:
    assert execute(["weights", "calibrate", "bundle", "horses", "zebras", "--device", "cpu", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["calibration"] == {"horse": 20, "zebra": 20}
    assert said["digest"] == load_bundle(Path("bundle")).digest
    Path("horses/odd.jpg").write_bytes(photograph)
    assert execute(["translate", "bundle", "horses", "out", "--to", "zebra"]) == 0
    with Path("out/report.csv").open() as report:
        scores = {row["file"]: float(row["domain_score"]) for row in csv.DictReader(report)}
    found = load_bundle(Path("bundle"))
    sampler = found.sampler()
    odd = sampler.score(sampler.fit(on_white(decode(photograph))), "horse")
    assert scores.pop("odd.jpg") == odd
    assert odd < sum(scores.values()) / len(scores) < max(scores.values()) == 1


def test_it_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["weights", "calibrate", "bundle", "horses", "zebras", "--device", "cpu"]) == 0
    assert (
        "bundle scores pictures by 20 of horse and 20 of zebra and works at 32 pixels, digest"
        in capsys.readouterr().out
    )


@pytest.fixture
def enlarged(colours: Path) -> list[str]:
    """Pictures for which a larger size than that of the training can be chosen, and by what."""
    for name in ("horses", "zebras"):
        for file in Path(name).iterdir():
            Image.open(file).resize((80, 64)).save(file)
    return ["horses", "zebras", "--features", str(colours), "--device", "cpu"]


def test_by_a_network_it_chooses_the_size_as_well(
    enlarged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["weights", "calibrate", "bundle", *enlarged, "--json"]) == 0
    said, card = json.loads(capsys.readouterr().out), load_bundle(Path("bundle")).card
    assert said["calibration"] == {"horse": 20, "zebra": 20}
    assert said["process_size"] == card.process_size
    assert [each["size"] for each in card.metrics["process_size"]["sizes"]] == [32, 40, 48, 56, 64]


def test_too_few_pictures_leave_the_bundle_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    before = load_bundle(Path("bundle")).digest
    for index in range(3):
        Path(f"zebras/{index}.png").unlink()
    assert execute(["weights", "calibrate", "bundle", "horses", "zebras"]) == 3
    assert "there are 17 held-out pictures of zebra, and its scores need 19" in capsys.readouterr().err
    assert load_bundle(Path("bundle")).digest == before


def test_a_published_name_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["weights", "calibrate", "horse2zebra", "horses", "zebras"]) == 2
    assert "'horse2zebra' does not exist" in capsys.readouterr().err


def test_a_published_version_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", "data")
    shutil.copytree("bundle", "data/models/horse2zebra/0123456789abcdef")
    folder = Path("data/models/horse2zebra/0123456789abcdef")
    assert execute(["weights", "calibrate", str(folder), "horses", "zebras", "--device", "cpu"]) == 2
    assert "is published and stays as it is" in capsys.readouterr().err


def test_an_imported_bundle_has_nothing_to_calibrate(
    one_way_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(one_way_bundle, "imported")
    assert execute(["weights", "calibrate", "imported", "horses", "zebras", "--device", "cpu"]) == 4
    assert "no log ratios" in capsys.readouterr().err


def test_of_an_imported_bundle_the_size_can_be_chosen(
    one_way_bundle: Path, enlarged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(one_way_bundle, "imported")
    assert execute(["weights", "calibrate", "imported", *enlarged]) == 0
    out = capsys.readouterr().out
    card, _ = read_card(Path("imported"))
    assert f"imported scores pictures by none and works at {card.process_size} pixels" in out
    assert [each["size"] for each in card.metrics["process_size"]["sizes"]] == [32, 40, 48, 56, 64]


def test_folders_of_the_training_are_no_held_out_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = str(Path(__file__).parents[1] / "training" / "tiny.toml")
    begin = ["train", "horses", "zebras", "--recipe", tiny, "--device", "cpu", "--out", "run"]
    assert execute([*begin, "--set", "training.steps=1"]) == 0
    capsys.readouterr()
    assert execute(["weights", "calibrate", "run", "horses", "zebras"]) == 3
    assert "there are 2 held-out pictures of horses, and its scores need 19" in capsys.readouterr().err
