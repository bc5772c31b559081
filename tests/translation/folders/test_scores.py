"""What a folder's report says of pictures that are unlike their domain."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from translation.folders import translate_folder
from translation.translator import NoDomainScore, TranslationRequest, Translator
from translation.weights import load_bundle

ZEBRA = TranslationRequest("zebra", samples=2, seed=7)


@pytest.fixture
def pictures(tmp_path: Path, photograph: bytes, noise: bytes) -> Path:
    """One that is unlike what the tiny bundle is calibrated on, and one that is not."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/odd.jpg").write_bytes(photograph)
    (tmp_path / "pictures/usual.png").write_bytes(noise)
    return tmp_path / "pictures"


def rows(out: Path) -> dict[str, dict[str, object]]:
    lines = (out / "report.jsonl").read_text().splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


def test_scores_and_spreads_are_in_the_report(translator: Translator, pictures: Path, tmp_path: Path) -> None:
    translate_folder(translator, pictures, tmp_path / "out", ZEBRA)
    report = rows(tmp_path / "out")
    assert report["odd.jpg"]["domain_score"] == 1 / 25 < report["usual.png"]["domain_score"]
    one = translator((pictures / "odd.jpg").read_bytes(), replace(ZEBRA, seed=report["odd.jpg"]["seed"]))
    assert report["odd.jpg"]["spread"] == round(one.spread.mean, 3) > 0
    translate_folder(translator, pictures, tmp_path / "single", replace(ZEBRA, samples=1))
    assert {row["spread"] for row in rows(tmp_path / "single").values()} == {None}


def test_what_is_unlike_the_domain_is_left_out_on_request(
    translator: Translator, pictures: Path, tmp_path: Path
) -> None:
    summary = translate_folder(translator, pictures, tmp_path / "out", replace(ZEBRA, refuse_at=0.04))
    assert (summary.translated, summary.failed) == (1, 1)
    odd = rows(tmp_path / "out")["odd.jpg"]
    assert (odd["error"], odd["outputs"]) == ("UnlikeDomain", [])
    assert odd["message"] == "unlike horse: domain score 0.04, refused at 0.04"
    assert not list((tmp_path / "out").glob("odd*"))


def test_without_scores_nothing_is_begun(one_way_bundle: Path, pictures: Path, tmp_path: Path) -> None:
    uncalibrated = Translator(load_bundle(one_way_bundle))
    with pytest.raises(NoDomainScore, match="no domain scores of horse"):
        translate_folder(uncalibrated, pictures, tmp_path / "out", replace(ZEBRA, refuse_at=0.05))
    assert not (tmp_path / "out").exists()
    with pytest.raises(NoDomainScore, match="leave refuse_at out"):
        uncalibrated((pictures / "odd.jpg").read_bytes(), replace(ZEBRA, refuse_at=0.05))
