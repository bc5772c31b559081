"""A folder of pictures in which there are translations of an earlier run, with something else asked for."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from translation.folders import translate_folder
from translation.report import FileReport, Report
from translation.translator import TranslationRequest, Translator
from translation.tree import InvalidInput
from translation.weights import load_bundle

ZEBRA = TranslationRequest("zebra", seed=7)
OTHERS = {
    "seed": (replace(ZEBRA, seed=8), "another seed"),
    "direction": (replace(ZEBRA, to="horse"), "other options"),
    "samples": (replace(ZEBRA, samples=2), "other options"),
    "format": (replace(ZEBRA, format="PNG"), "other options"),
    "temperature": (replace(ZEBRA, temperature=0.5), "other options"),
}
REPORTS = {"report.csv", "report.jsonl"}


@pytest.fixture
def two(tmp_path: Path, photograph: bytes) -> Path:
    (tmp_path / "two/deep").mkdir(parents=True)
    for name in ("a.jpg", "deep/b.jpg"):
        (tmp_path / "two" / name).write_bytes(photograph)
    return tmp_path / "two"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def told(out: Path) -> set[str]:
    """All that the report knows of."""
    lines = (out / "report.jsonl").read_text().splitlines()
    return {name for line in lines for name in json.loads(line)["outputs"]}


@pytest.mark.parametrize(("other", "words"), OTHERS.values(), ids=OTHERS)
def test_translations_of_something_else_are_replaced_only_when_asked(
    translator: Translator, two: Path, tmp_path: Path, other: TranslationRequest, words: str
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, two, out, ZEBRA)
    before = tree(out)
    with pytest.raises(InvalidInput, match=f"translations with {words}, a.jpg for one: .*--overwrite"):
        translate_folder(translator, two, out, other)
    assert tree(out) == before
    assert translate_folder(translator, two, out, other, overwrite=True).translated == 2
    translate_folder(translator, two, tmp_path / "fresh", other)
    fresh = tree(tmp_path / "fresh")
    assert {name: data for name, data in tree(out).items() if name not in REPORTS} == {
        name: data for name, data in fresh.items() if name not in REPORTS
    }
    assert told(out) == fresh.keys() - REPORTS
    assert translate_folder(translator, two, out, other).skipped == 2


def test_translations_of_another_model_are_not_replaced(
    translator: Translator, one_way_bundle: Path, two: Path, tmp_path: Path
) -> None:
    translate_folder(translator, two, tmp_path / "out", ZEBRA)
    with pytest.raises(InvalidInput, match="another model"):
        translate_folder(Translator(load_bundle(one_way_bundle)), two, tmp_path / "out", ZEBRA)


def test_fewer_samples_leave_none_that_no_report_knows(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, two, out, replace(ZEBRA, samples=3))
    translate_folder(translator, two, out, ZEBRA, overwrite=True)
    assert tree(out).keys() == {"a.jpg", "deep/b.jpg"} | REPORTS == told(out) | REPORTS


def test_a_name_that_is_another_files_by_now_stays(tmp_path: Path) -> None:
    """To PNG, a.jpg had become a.png, which is what becomes of a.png, and may be there before a.jpg's row."""
    (tmp_path / "a.png").write_bytes(b"of a.png")
    (tmp_path / "a_1.png").write_bytes(b"of a.jpg")
    with Report(tmp_path) as report:
        report.add(FileReport("a.jpg", "translated", outputs=("a.png", "a_1.png")))
        owners = {"a.jpg.png": "a.jpg", "a.png": "a.png"}
        report.replace(FileReport("a.jpg", "translated", outputs=("a.jpg.png",)), owners)
    assert tree(tmp_path).keys() == {"a.png"} | REPORTS


def test_what_fails_to_be_replaced_is_gone_as_the_report_says(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, two, out, ZEBRA)
    (two / "a.jpg").write_bytes(b"no picture")
    summary = translate_folder(translator, two, out, replace(ZEBRA, seed=8), overwrite=True)
    assert (summary.translated, summary.failed) == (1, 1)
    assert tree(out).keys() == {"deep/b.jpg"} | REPORTS == told(out) | REPORTS


def test_what_an_earlier_run_made_of_a_file_that_fails_by_now_stays_and_is_told_of(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    out, picture = tmp_path / "out", (two / "a.jpg").read_bytes()
    translate_folder(translator, two, out, ZEBRA)
    before = tree(out)
    (two / "a.jpg").write_bytes(picture[: len(picture) // 2])
    for _ in range(2):  # nor does the next run forget it
        assert translate_folder(translator, two, out, TranslationRequest("zebra")).failed == 1
        (failed,) = (row for row in Report(out).rows.values() if row.outcome == "failed")
        assert (failed.error, failed.outputs) == ("CorruptImage", ("a.jpg",))
    assert tree(out)["a.jpg"] == before["a.jpg"]
    with pytest.raises(InvalidInput, match="translations with another seed, a.jpg for one"):
        translate_folder(translator, two / "a.jpg", out, replace(ZEBRA, seed=8))
    (two / "a.jpg").write_bytes(picture)
    assert translate_folder(translator, two, out, ZEBRA).translated == 1
    assert tree(out)["a.jpg"] == before["a.jpg"]
    assert {row.outcome for row in Report(out).rows.values()} == {"translated"}


def test_a_report_has_nothing_deleted_outside_its_folder(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, two, out, ZEBRA)
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    report = out / "report.jsonl"
    report.write_text(report.read_text().replace('["a.jpg"]', '["../mine.jpg"]'))
    translate_folder(translator, two, out, replace(ZEBRA, seed=8), overwrite=True)
    assert (tmp_path / "mine.jpg").read_bytes() == b"mine"


def test_files_of_another_folder_go_beside_what_is_there(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    translate_folder(translator, two / "a.jpg", tmp_path / "out", ZEBRA)
    translate_folder(translator, two / "deep", tmp_path / "out", replace(ZEBRA, seed=8))
    assert tree(tmp_path / "out").keys() == {"a.jpg", "b.jpg"} | REPORTS


def test_translations_among_the_pictures_are_no_input_and_that_is_said(
    translator: Translator, two: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    translate_folder(translator, two, two / "out", ZEBRA)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        translate_folder(translator, two, tmp_path / "other", ZEBRA)
    assert tree(tmp_path / "other").keys() == {"a.jpg", "deep/b.jpg"} | REPORTS
    (said,) = caplog.messages
    assert said == f"{two / 'out'} has a report.jsonl and is left out: it holds translations"


def test_translations_are_translated_back_where_they_are_what_is_given(
    translator: Translator, two: Path, tmp_path: Path
) -> None:
    translate_folder(translator, two, tmp_path / "there", ZEBRA)
    back = translate_folder(translator, tmp_path / "there", tmp_path / "back", replace(ZEBRA, to="horse"))
    assert back.translated == 2
