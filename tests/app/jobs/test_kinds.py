"""A job's command does what the job's order says."""

import json
from pathlib import Path

import pytest
from PIL import Image

import training.pace
from app.cli import execute
from app.datasets.schemas import DatasetDetails
from app.jobs.folder import JobFolder
from app.jobs.kinds import KINDS, Work
from training.config import load_recipe
from training.cost_probe import CostProbe


def test_a_translation_leaves_out_what_is_to_be_refused(
    tiny_bundle: Path, tmp_path: Path, photograph: bytes, noise: bytes
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/odd.jpg").write_bytes(photograph)
    (tmp_path / "pictures/usual.png").write_bytes(noise)
    params = {"model": str(tiny_bundle), "to": "zebra", "samples": 1, "seed": 7, "refuse_at": 0.04}
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, pictures=tmp_path / "pictures")
    (stage,) = KINDS["translate"].stages
    assert execute(list(stage.arguments(work))) in stage.good
    report = (work.folder.out / "report.jsonl").read_text().splitlines()
    assert {row["file"]: row["outcome"] for row in map(json.loads, report)} == {
        "odd.jpg": "failed",
        "usual.png": "translated",
    }


def test_a_picture_is_translated_again_over_what_an_earlier_attempt_left(
    tmp_path: Path, tiny_bundle: Path, photograph: bytes
) -> None:
    params = {"model": str(tiny_bundle), "to": "zebra", "samples": 2, "seed": 7, "format": "png"}
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None)
    work.folder.keep(photograph)
    (stage,) = KINDS["translate"].stages
    for _ in range(2):
        assert execute(list(stage.arguments(work))) in stage.good
    assert len(list(work.folder.out.iterdir())) == 2


def test_pictures_are_translated_again_over_what_an_earlier_attempt_with_another_seed_left(
    tmp_path: Path, tiny_bundle: Path, photograph: bytes
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.jpg").write_bytes(photograph)
    (stage,) = KINDS["translate"].stages
    made = set()
    for seed in (7, 8):
        params = {"model": str(tiny_bundle), "to": "zebra", "samples": 1, "seed": seed}
        work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, pictures=tmp_path / "pictures")
        assert execute(list(stage.arguments(work))) in stage.good
        made.add((work.folder.out / "a.jpg").read_bytes())
    assert len(made) == 2


def test_pictures_are_translated_to_the_format_that_is_asked_for(
    tmp_path: Path, tiny_bundle: Path, photograph: bytes
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.jpg").write_bytes(photograph)
    params = {"model": str(tiny_bundle), "to": "zebra", "samples": 1, "seed": 7, "format": "webp"}
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, pictures=tmp_path / "pictures")
    (stage,) = KINDS["translate"].stages
    assert execute(list(stage.arguments(work))) in stage.good
    with Image.open(work.folder.out / "a.webp") as translation:
        assert translation.format == "WEBP"


@pytest.mark.parametrize(
    ("folders", "taken"),
    [
        (["horse", "zebra"], "horse"),
        (["trainA", "trainB"], "trainA"),
        (["trainA", "trainB", "testA", "testB"], "testA"),
    ],
)
def test_of_a_pair_the_side_is_translated_that_the_order_names(
    folders: list[str], taken: str, tmp_path: Path
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").touch()
    params = {"model": "tiny", "to": "zebra", "domain": "horse"}
    dataset = DatasetDetails.model_construct(kind="pair", domains=["horse", "zebra"], pictures=len(folders))
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, dataset, tmp_path)
    (stage,) = KINDS["translate"].stages
    assert stage.arguments(work)[2] == str(tmp_path / taken)
    work.folder.out.mkdir(parents=True)
    (work.folder.out / "report.jsonl").touch()
    progress = stage.watch(work)()
    assert progress
    assert progress.total == 1


def test_a_training_takes_the_minutes_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for domain in ("plain", "striped"):
        (tmp_path / domain).mkdir()
        for index in range(4):
            Image.new("RGB", (20, 20), (40 * index, 90, 60)).save(tmp_path / domain / f"{index}.png")
    monkeypatch.setattr(CostProbe, "seconds_a_step", lambda probe: 6.0)
    monkeypatch.setattr(training.pace, "now_s", lambda: 0.0)
    small = {"data.size": 16, "data.load_size": 18, "model.generator.width": 4, "model.generator.blocks": 1}
    values = small | {"training.steps": 3}
    params = {"recipe": "quick", "set": values, "domains": None, "minutes": 2.5}
    dataset = DatasetDetails.model_construct(kind="pair", domains=["plain", "striped"])
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, dataset, tmp_path)
    train, _ = KINDS["train"].stages
    assert execute(list(train.arguments(work))) in train.good
    assert load_recipe(str(tmp_path / "run/recipe.toml")).training.steps == 25
