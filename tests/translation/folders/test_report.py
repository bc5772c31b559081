"""What the report has of each file beside its outcome."""

import csv
import json
import os
from copy import copy
from dataclasses import replace
from pathlib import Path

from translation.codec import decode
from translation.folders import translate_folder
from translation.report import Report
from translation.translator import TranslationRequest, Translator

ASKED = TranslationRequest("zebra", samples=2, seed=7, temperature=0.5, process_size=32)


def test_what_was_asked_for_is_in_both_reports(translator: Translator, photos: Path, tmp_path: Path) -> None:
    translate_folder(translator, photos, tmp_path / "out", ASKED)
    asked = {"model": "tiny", "to": "zebra", "samples": 2, "temperature": 0.5, "size": 32, "folder_seed": 7}
    lines = [json.loads(line) for line in (tmp_path / "out/report.jsonl").read_text().splitlines()]
    assert all(asked.items() <= line.items() for line in lines)
    with (tmp_path / "out/report.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(lines)
    assert all({name: str(value) for name, value in asked.items()}.items() <= row.items() for row in table)


def test_what_was_asked_for_stays_with_the_translations_of_a_file_that_fails_by_now(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    translate_folder(translator, photos, tmp_path / "out", replace(ASKED, samples=1))
    (photos / "a.jpg").write_bytes(b"no picture")
    renamed = copy(translator)
    renamed.name = "renamed"
    translate_folder(renamed, photos, tmp_path / "out", replace(ASKED, samples=1))
    row = Report(tmp_path / "out").rows["a.jpg"]
    assert (row.outcome, row.outputs, row.model) == ("failed", ("a.jpg",), "tiny")


def test_a_name_of_any_bytes_is_escaped_alike_in_both(
    translator: Translator, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / os.fsdecode(b"\xff\xfe.jpg")).write_bytes(photograph)
    (tmp_path / "photos" / "M\N{LATIN SMALL LETTER U WITH DIAERESIS}tze.jpg").write_bytes(photograph)
    translate_folder(translator, tmp_path / "photos", tmp_path / "out", ASKED)
    table = (tmp_path / "out/report.csv").read_text("utf-8")
    assert "\\udcff\\udcfe.jpg" in table
    assert "M\N{LATIN SMALL LETTER U WITH DIAERESIS}tze.jpg" in table
    assert '"\\udcff\\udcfe.jpg"' in (tmp_path / "out/report.jsonl").read_text("utf-8")


def test_a_picture_named_as_another_format_keeps_both_and_that_is_told(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    for _ in range(2):  # nor does a run forget it that skips it
        summary = translate_folder(translator, photos, tmp_path / "out", replace(ASKED, samples=1))
        assert summary.warned == 1
    warnings = {file: row.warning for file, row in Report(tmp_path / "out").rows.items() if row.warning}
    assert warnings == {"named wrongly.jpg": "named as JPEG, found PNG"}
    assert decode((tmp_path / "out/named wrongly.jpg").read_bytes()).format == "PNG"
    to_png = translate_folder(translator, photos, tmp_path / "png", replace(ASKED, format="PNG"))
    assert to_png.warned == 0
