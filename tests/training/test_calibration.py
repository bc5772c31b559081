"""What a training holds out, its bundle is calibrated on; and so it can be later, on other pictures."""

import logging
import shutil
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from PIL import Image

from training.calibration import calibrate_bundle, not_learned_from
from training.domains import BadDataset, fingerprint_of
from training.evaluation.pictures import read_pictures
from training.run import train
from translation.architecture import NoDiscriminator
from translation.card import HeldOut
from translation.sampler import Sampler
from translation.weights import load_bundle

Fill = Callable[..., Path]
TINY = str(Path(__file__).with_name("tiny.toml"))
CPU = torch.device("cpu")


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def test_a_training_calibrates_on_what_it_held_out(fill: Fill, tmp_path: Path) -> None:
    folders = fill("plain", 42), fill("striped", 40, seed=1)
    overrides = ["data.validation_share=0.5", "training.steps=2"]
    bundle = load_bundle(
        train(*folders, TINY, overrides=overrides, out=tmp_path / "run", device="cpu") / "bundle"
    )
    calibration = bundle.card.calibration
    assert {domain: held_out.pictures for domain, held_out in calibration.items()} == {
        "plain": 21,
        "striped": 20,
    }
    for domain, held_out in calibration.items():
        assert held_out.sha256 == bundle.card.data[domain]["validation"]["sha256"]
    assert bundle.scorer(torch.zeros(1, 3, 16, 16), "plain") >= 1 / 22


def test_too_few_are_told_of_and_give_no_scores(
    fill: Fill, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folders = fill("plain", 12), fill("striped", 40, seed=1)
    overrides = ["data.validation_share=0.5", "training.steps=1"]
    with caplog.at_level(logging.WARNING, "training.calibration"):
        run = train(*folders, TINY, overrides=overrides, out=tmp_path / "run", device="cpu")
    assert "no domain scores: there are 6 held-out pictures of plain, and its scores need 19" in caplog.text
    assert load_bundle(run / "bundle").card.calibration.keys() == {"striped"}


def test_a_damaged_picture_is_passed_over(bundle: Path, fill: Fill, caplog: pytest.LogCaptureFixture) -> None:
    horses, zebras = fill("horses", 21), fill("zebras", 20, seed=1)
    (horses / "damaged.png").write_bytes(b"no picture")
    found = calibrate_bundle(bundle, (read_pictures(horses), read_pictures(zebras)), CPU)
    assert {domain: each.pictures for domain, each in found.card.calibration.items()} == {
        "horse": 21,
        "zebra": 20,
    }
    assert "not calibrated on damaged.png" in caplog.text


def test_of_many_the_first_by_their_digests_count(
    bundle: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.calibration.MAX_HELD_OUT", 20)
    horses, zebras = read_pictures(fill("horses", 23)), read_pictures(fill("zebras", 19, seed=1))
    found = calibrate_bundle(bundle, (horses.chosen(reversed(range(23))), zebras), CPU).card.calibration
    first = sha256("\n".join(sorted(horses.digests)[:20]).encode()).hexdigest()
    assert found["horse"] == HeldOut(pictures=20, sha256=first)
    assert found["zebra"].pictures == 19


def test_what_a_bundle_was_trained_on_does_not_count(
    fill: Fill, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain, striped = fill("plain", 42), fill("striped", 40, seed=1)
    overrides = ["data.validation_share=0.5", "training.steps=1"]
    run = train(plain, striped, TINY, overrides=overrides, out=tmp_path / "run", device="cpu")
    card = load_bundle(run / "bundle").card
    moved, new = Path(shutil.copytree(plain, tmp_path / "moved")), fill("new", 19, seed=2)
    with caplog.at_level(logging.WARNING, "training.calibration"):
        pictures = not_learned_from(run / "bundle", (moved, new))
    assert list(map(len, pictures)) == [21, 19]
    assert fingerprint_of(pictures[0].digests) == card.data["plain"]["validation"]
    assert f"21 of 42 pictures in {moved} do not count: the bundle was trained on them" in caplog.text
    assert f"in {new}" not in caplog.text


def test_ratios_are_what_it_takes(one_way_bundle: Path, fill: Fill) -> None:
    pictures = read_pictures(fill("horses", 20))
    with pytest.raises(NoDiscriminator, match="no log ratios"):
        calibrate_bundle(one_way_bundle, (pictures, pictures), CPU)


def test_too_few_leave_what_was_there_where_both_are_insisted_on(bundle: Path, fill: Fill) -> None:
    horses, zebras = fill("horses", 20), fill("zebras", 18, seed=1)
    (zebras / "damaged.png").write_bytes(b"no picture")
    (zebras / "again.png").write_bytes((zebras / "000.png").read_bytes())
    before, pictures = load_bundle(bundle).digest, (read_pictures(horses), read_pictures(zebras))
    with pytest.raises(BadDataset, match="there are 18 held-out pictures of zebra, and its scores need 19"):
        calibrate_bundle(bundle, pictures, CPU, insists=True)
    assert load_bundle(bundle).digest == before


def test_what_is_too_long_to_be_scored_is_passed_over(
    bundle: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("training.calibration.Sampler", partial(Sampler, max_batch_pixels=32 * 64))
    horses, zebras = fill("horses", 20), fill("zebras", 20, seed=1)
    Image.new("RGB", (96, 24)).save(horses / "long.png")
    found = calibrate_bundle(bundle, (read_pictures(horses), read_pictures(zebras)), CPU)
    assert found.card.calibration["horse"].pictures == 20
    assert "not calibrated on long.png" in caplog.text
