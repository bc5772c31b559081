import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from translation.codec import decode
from translation.folders import translate_folder
from translation.report import FileReport
from translation.translator import TranslationRequest, Translator
from translation.tree import InvalidInput

ZEBRA = TranslationRequest("zebra", seed=7)
TRANSLATED = {"a.jpg", "a.png", "deep/er/b.webp", "deep/UPPER.JPG", "named wrongly.jpg"}
FAILED = {"corrupt.jpg": "CorruptImage", "phone.heic": "UnsupportedImageFormat"}
REPORTS = {"report.csv", "report.jsonl"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def rows(out: Path) -> dict[str, dict[str, object]]:
    lines = (out / "report.jsonl").read_text().splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


class Outcomes:
    """A progress callback that remembers."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def __call__(self, done: int, total: int, row: FileReport) -> None:
        self.of[row.file] = row.outcome
        assert done == len(self.of) <= total


def test_a_second_run_does_no_work_twice(
    translator: Translator, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, photos, out, ZEBRA)
    before = {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix not in (".csv", ".jsonl")
    }
    first_rows = rows(out)
    monkeypatch.setattr(translator, "sample", lambda *_: pytest.fail("worked twice"))
    outcomes = Outcomes()
    summary = translate_folder(translator, photos, out, ZEBRA, outcomes)
    assert (summary.translated, summary.skipped, summary.failed) == (0, len(TRANSLATED), len(FAILED))
    assert {file for file, outcome in outcomes.of.items() if outcome == "skipped"} == TRANSLATED
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert rows(out) == first_rows


def test_without_a_seed_a_second_run_does_no_work_twice_either(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    request = TranslationRequest("zebra")
    translate_folder(translator, photos, tmp_path / "out", request)
    assert translate_folder(translator, photos, tmp_path / "out", request).translated == 0


def test_two_runs_do_not_write_to_one_folder(translator: Translator, photos: Path, tmp_path: Path) -> None:
    def again(done: int, total: int, row: FileReport) -> None:
        with pytest.raises(InvalidInput, match="another run writes to"):
            translate_folder(translator, photos, tmp_path / "out", ZEBRA)

    assert translate_folder(translator, photos, tmp_path / "out", ZEBRA, again).translated == len(TRANSLATED)
    assert translate_folder(translator, photos, tmp_path / "out", ZEBRA).skipped == len(TRANSLATED)


def instead(picture: Path) -> None:
    """Something that has its name."""
    picture.unlink()
    os.mkfifo(picture)


def damage(report: Path) -> None:
    """A byte that is no text in the first line, and lines whose names are none."""
    lines = report.read_bytes().replace(b"a", b"\xff", 1)
    for file, outputs in ((5, []), ("a.png", [5])):
        row = {"file": file, "outcome": "translated", "outputs": outputs}
        lines += json.dumps(row).encode() + b"\n"
    report.write_bytes(lines)


CHANGES: dict[str, tuple[Callable[[Path, Path], object], set[str]]] = {
    "a lost output": (lambda photos, out: (out / "a.png").unlink(), {"a.png"}),
    "a truncated output": (lambda photos, out: os.truncate(out / "a.png", 99), {"a.png"}),
    "an output that is none": (lambda photos, out: instead(out / "a.png"), {"a.png"}),
    "another file": (lambda photos, out: (photos / "a.png").replace(photos / "a.jpg"), {"a.jpg"}),
    "a new file": (lambda photos, out: (photos / "a.png").rename(photos / "new.png"), {"new.png"}),
    "a damaged report": (lambda photos, out: damage(out / "report.jsonl"), {"a.jpg"}),
    "a lost report": (
        lambda photos, out: (out / "report.jsonl").write_text('{"file"\n[]\n'),
        TRANSLATED,
    ),
}


@pytest.mark.parametrize(("change", "redone"), CHANGES.values(), ids=CHANGES)
def test_a_second_run_does_what_has_changed(
    translator: Translator,
    photos: Path,
    tmp_path: Path,
    change: Callable[[Path, Path], object],
    redone: set[str],
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, photos, out, ZEBRA)
    change(photos, out)
    outcomes = Outcomes()
    translate_folder(translator, photos, out, ZEBRA, outcomes)
    assert {file for file, outcome in outcomes.of.items() if outcome == "translated"} == redone


RUN = """
import sys
from pathlib import Path
from translation.folders import translate_folder
from translation.translator import TranslationRequest, Translator
from translation.weights import load_bundle
bundle, photos, out = map(Path, sys.argv[1:])
translator = Translator(load_bundle(bundle))
print("ready", flush=True)
translate_folder(translator, photos, out, TranslationRequest("zebra", samples=2, seed=7))
"""


@pytest.mark.slow
def test_killed_at_any_instant_it_leaves_whole_pictures_and_goes_on(
    tiny_bundle: Path, translator: Translator, photograph: bytes, tmp_path: Path
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for index in range(60):
        (photos / f"{index:02}.jpg").write_bytes(photograph)
    generator = random.Random(0)
    for _ in range(5):
        command = [sys.executable, "-c", RUN, str(tiny_bundle), str(photos), str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            time.sleep(generator.uniform(0.02, 0.3))
            run.send_signal(signal.SIGKILL)
        for path in out.rglob("[!.]*.jpg"):
            assert Image.open(BytesIO(path.read_bytes())).size == decode(path.read_bytes()).image.size
    summary = translate_folder(translator, photos, out, TranslationRequest("zebra", samples=2, seed=7))
    assert summary.translated + summary.skipped == 60
    assert summary.skipped > 0
    assert len(tree(out)) == 120 + len(REPORTS)
