"""What the report has of each file beside its outcome."""

import csv
import json
from copy import copy
from dataclasses import replace
from pathlib import Path

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
