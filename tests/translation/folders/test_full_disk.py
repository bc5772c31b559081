"""A disk on which there is no room left: what is done stays, is told, and is not done again."""

import errno
import json
import os
from pathlib import Path

import pytest

from translation import durable
from translation.folders import OutOfSpace, translate_folder
from translation.report import Report
from translation.translator import TranslationRequest, Translator

ZEBRA = TranslationRequest("zebra", seed=7)
TRANSLATED = {"a.jpg", "a.png", "deep/er/b.webp", "deep/UPPER.JPG", "named wrongly.jpg"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("at", ["b.webp", "report.csv"])
def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    at: str,
    number: int,
    translator: Translator,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, write = tmp_path / "out", durable.write

    def full(path: Path, data: bytes) -> None:
        if path.name == at:
            raise OSError(number, os.strerror(number))
        write(path, data)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(OutOfSpace, match="out: .*: make room, and the same command goes on") as told:
        translate_folder(translator, photos, out, ZEBRA)
    monkeypatch.undo()
    done = told.value.summary
    assert (done.translated + done.failed + done.left, done.seed) == (len(TRANSLATED) + 2, 7)
    assert len(Report(out).rows) == done.translated + done.failed
    summary = translate_folder(translator, photos, out, ZEBRA)
    assert (summary.skipped, summary.left) == (done.translated, 0)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == TRANSLATED | {
        *("report.csv", "report.jsonl")
    }
    assert all(
        json.loads(line)["folder_seed"] == 7 for line in (out / "report.jsonl").read_text().splitlines()
    )


def test_any_other_fault_of_the_disk_is_told_as_it_is(
    translator: Translator, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path, data: bytes) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "write", broken)
    with pytest.raises(OSError, match="Input/output error"):
        translate_folder(translator, photos, tmp_path / "out", ZEBRA)
