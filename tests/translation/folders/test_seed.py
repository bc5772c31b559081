"""The seed of a folder, from which those of its files are made: given, drawn, or an earlier run's."""

from dataclasses import replace
from pathlib import Path

import pytest

from translation.folders import file_seed, translate_folder
from translation.report import Report
from translation.translator import TranslationRequest, Translator

ZEBRA = TranslationRequest("zebra")


@pytest.fixture
def six(tmp_path: Path, photograph: bytes) -> Path:
    """More than are read ahead."""
    (tmp_path / "six").mkdir()
    for name in "abcdef":
        (tmp_path / "six" / f"{name}.jpg").write_bytes(photograph)
    return tmp_path / "six"


def test_what_is_left_gets_the_seed_that_was_drawn_for_what_is_done(
    translator: Translator, six: Path, tmp_path: Path
) -> None:
    out, progress = tmp_path / "out", list[object]()
    first = translate_folder(
        translator, six, out, ZEBRA, lambda *told: progress.append(told), stopped=lambda: bool(progress)
    )
    assert first.left
    second = translate_folder(translator, six, out, ZEBRA)
    assert (second.seed, second.skipped, second.otherwise_seeded) == (first.seed, first.translated, 0)
    rows = Report(out).rows
    assert {file: row.seed for file, row in rows.items()} == {
        f"{name}.jpg": file_seed(first.seed, f"{name}.jpg") for name in "abcdef"
    }
    assert {row.folder_seed for row in rows.values()} == {first.seed}


def test_a_picture_that_is_added_gets_the_folders_seed_too(
    translator: Translator, six: Path, tmp_path: Path, photograph: bytes
) -> None:
    translate_folder(translator, six, tmp_path / "out", replace(ZEBRA, seed=7))
    (six / "g.jpg").write_bytes(photograph)
    assert translate_folder(translator, six, tmp_path / "out", ZEBRA).seed == 7
    assert Report(tmp_path / "out").rows["g.jpg"].seed == file_seed(7, "g.jpg")


def test_what_is_done_with_another_seed_is_counted(translator: Translator, six: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name, seed in (("a.jpg", 7), ("b.jpg", 8)):
        translate_folder(translator, six / name, out, replace(ZEBRA, seed=seed))
    summary = translate_folder(translator, six, out, ZEBRA)
    assert (summary.seed, summary.skipped, summary.otherwise_seeded) == (7, 2, 1)
