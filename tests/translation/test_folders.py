import csv
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

from translation import folders
from translation.codec import UnsupportedOutputFormat, decode, encode
from translation.folders import file_seed, translate_folder
from translation.model import UnknownDomain
from translation.report import FileReport
from translation.translator import TranslationRequest, Translator
from translation.tree import InvalidInput, name_outputs
from translation.weights import load_bundle

ZEBRA = TranslationRequest("zebra", seed=7)


@pytest.fixture(scope="module")
def translator(tiny_bundle: Path) -> Translator:
    return Translator(load_bundle(tiny_bundle), name="tiny")


@pytest.fixture
def photos(tmp_path: Path, photograph: bytes) -> Path:
    """Pictures in a tree, among them a corrupt one, and files that are none."""
    image = decode(photograph).image
    files = {
        "a.jpg": photograph,
        "a.png": encode(image, "PNG"),
        "corrupt.jpg": photograph[: len(photograph) // 2],
        "deep/er/b.webp": encode(image, "WEBP"),
        "deep/UPPER.JPG": photograph,
        "named wrongly.jpg": encode(image, "PNG"),
        "notes.txt": b"not a picture",
        "phone.heic": b"\0\0\0\x18ftypheic" + bytes(100),
        ".hidden.jpg": photograph,
        ".thumbnails/a.jpg": photograph,
    }
    for name, data in files.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "photos"


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


def test_names_tree_and_formats_are_kept_and_nothing_else_is_written(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    before = tree(photos)
    summary = translate_folder(translator, photos, tmp_path / "out", ZEBRA)
    after = tree(tmp_path / "out")
    assert after.keys() == TRANSLATED | REPORTS
    for name in TRANSLATED:
        picture = decode(after[name])
        assert (picture.format, picture.image.size) == (decode(before[name]).format, (61, 43))
    assert (summary.translated, summary.skipped, summary.failed) == (len(TRANSLATED), 0, len(FAILED))
    assert tree(photos) == before


def test_the_report_has_a_row_for_every_picture(translator: Translator, photos: Path, tmp_path: Path) -> None:
    translate_folder(translator, photos, tmp_path / "out", ZEBRA)
    report = rows(tmp_path / "out")
    assert report.keys() == TRANSLATED | FAILED.keys()
    assert {file: row["error"] for file, row in report.items() if row["outcome"] == "failed"} == FAILED
    assert "truncated" in str(report["corrupt.jpg"]["message"]).lower()
    assert report["deep/UPPER.JPG"]["outputs"] == ["deep/UPPER.JPG"]
    assert report["deep/UPPER.JPG"]["seed"] == file_seed(7, "deep/UPPER.JPG")
    assert report["a.jpg"]["seconds"] > 0  # type: ignore[operator]
    with (tmp_path / "out" / "report.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert {row["file"]: row["outcome"] for row in table} == {f: r["outcome"] for f, r in report.items()}


def test_a_files_seed_makes_the_same_picture_alone(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    request = TranslationRequest("zebra", samples=3, seed=7)
    translate_folder(translator, photos, tmp_path / "out", request)
    row = rows(tmp_path / "out")["deep/er/b.webp"]
    alone = translator(
        (photos / "deep/er/b.webp").read_bytes(), TranslationRequest("zebra", samples=3, seed=row["seed"])
    )
    written = [(tmp_path / "out" / name).read_bytes() for name in row["outputs"]]
    assert row["outputs"] == [f"deep/er/b_{i}.webp" for i in range(3)]
    assert tuple(written) == alone.pictures
    assert row["padded_batch"] == alone.receipt.padded_batch == 4


def test_a_seed_depends_on_the_path_alone() -> None:
    assert file_seed(7, "deep/a.jpg") == file_seed(7, "deep/a.jpg")
    seeds = {file_seed(s, f) for s in (7, 8) for f in ("a.jpg", "b.jpg", "deep/a.jpg", "\udcff.jpg")}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


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


CHANGES: dict[str, tuple[TranslationRequest, Callable[[Path, Path], object], set[str]]] = {
    "another seed": (TranslationRequest("zebra", seed=8), lambda photos, out: None, TRANSLATED),
    "another direction": (TranslationRequest("horse", seed=7), lambda photos, out: None, TRANSLATED),
    "more samples": (TranslationRequest("zebra", 2, 7), lambda photos, out: None, TRANSLATED),
    "a lost output": (ZEBRA, lambda photos, out: (out / "a.png").unlink(), {"a.png"}),
    "another file": (ZEBRA, lambda photos, out: (photos / "a.png").replace(photos / "a.jpg"), {"a.jpg"}),
    "a new file": (ZEBRA, lambda photos, out: (photos / "a.png").rename(photos / "new.png"), {"new.png"}),
    "a lost report": (
        ZEBRA,
        lambda photos, out: (out / "report.jsonl").write_text('{"file"\n[]\n'),
        TRANSLATED,
    ),
}


@pytest.mark.parametrize(("request_", "change", "redone"), CHANGES.values(), ids=CHANGES)
def test_a_second_run_does_what_has_changed(  # noqa: PLR0913, PLR0917 - three are fixtures
    translator: Translator,
    photos: Path,
    tmp_path: Path,
    request_: TranslationRequest,
    change: Callable[[Path, Path], object],
    redone: set[str],
) -> None:
    out = tmp_path / "out"
    translate_folder(translator, photos, out, ZEBRA)
    change(photos, out)
    outcomes = Outcomes()
    translate_folder(translator, photos, out, request_, outcomes)
    assert {file for file, outcome in outcomes.of.items() if outcome == "translated"} == redone


def test_a_single_file_goes_into_a_folder_too(translator: Translator, photos: Path, tmp_path: Path) -> None:
    summary = translate_folder(translator, photos / "a.jpg", tmp_path / "out", ZEBRA)
    assert summary.translated == 1
    assert tree(tmp_path / "out").keys() == {"a.jpg"} | REPORTS


def test_an_output_folder_among_the_pictures_is_no_input(translator: Translator, photos: Path) -> None:
    for _ in range(2):
        translate_folder(translator, photos, photos / "out", ZEBRA)
        assert tree(photos / "out").keys() == TRANSLATED | REPORTS


@pytest.mark.parametrize("out", [".", "..", "deep/..", "notes.txt", "deep"])
def test_an_output_that_could_harm_is_refused(translator: Translator, photos: Path, out: str) -> None:
    before = tree(photos)
    with pytest.raises(InvalidInput):
        translate_folder(translator, photos, photos / out, ZEBRA)
    assert tree(photos) == before


def test_nothing_to_translate_is_said(translator: Translator, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="holds no pictures"):
        translate_folder(translator, tmp_path / "empty", tmp_path / "out", ZEBRA)
    with pytest.raises(InvalidInput, match="does not exist"):
        translate_folder(translator, tmp_path / "nowhere", tmp_path / "out", ZEBRA)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (TranslationRequest("unicorn"), UnknownDomain),
        (TranslationRequest("zebra", format="TGA"), UnsupportedOutputFormat),
    ],
)
def test_what_is_wrong_for_all_files_is_refused_before_the_first(
    translator: Translator, photos: Path, tmp_path: Path, request_: TranslationRequest, error: type[Exception]
) -> None:
    with pytest.raises(error):
        translate_folder(translator, photos, tmp_path / "out", request_)
    assert not (tmp_path / "out").exists()


def test_a_format_for_all_changes_suffixes_and_collides_with_none(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    translate_folder(translator, photos, tmp_path / "out", TranslationRequest("zebra", seed=7, format="PNG"))
    pictures = tree(tmp_path / "out")
    expected = {"a.png", "a.jpg.png", "deep/er/b.png", "deep/UPPER.png", "named wrongly.png"}
    assert pictures.keys() == expected | REPORTS
    assert {decode(pictures[name]).format for name in expected} == {"PNG"}


def test_outputs_are_named_apart() -> None:
    files = ["a.jpg", "a.jpg.png", "a.png", "a.tif", "a_0.jpg", "b.jpeg"]
    for format in (None, "PNG", "JPEG", "TIFF"):
        for samples in (1, 3):
            outputs = name_outputs(files, format, samples)
            assert list(outputs) == files
            names = [name for file in files for name in outputs[file]]
            assert len(set(names)) == len(files) * samples
    assert name_outputs(files, None, 1) == {file: (file,) for file in files}
    assert name_outputs(files, "JPEG", 2)["b.jpeg"] == ("b_0.jpeg", "b_1.jpeg")


def test_reading_and_writing_overlap_the_network_and_stay_near_it(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    """However many files there are, few are in memory, and the network need not wait for the next."""
    (tmp_path / "photos").mkdir()
    for index in range(40):
        (tmp_path / "photos" / f"{index:02}.jpg").write_bytes(photograph)
    events: list[tuple[str, int]] = []
    for stage in ("decode", "sample", "encode"):
        work = getattr(translator, stage)

        def logged(*arguments: object, work: Callable[..., object] = work, stage: str = stage) -> object:
            events.append((stage, 1))
            return work(*arguments)

        monkeypatch.setattr(translator, stage, logged)
    in_flight, most = 0, 0

    def progress(done: int, total: int, row: FileReport) -> None:
        nonlocal in_flight, most
        started = sum(stage == "decode" for stage, _ in events)
        most = max(most, started - done)

    translate_folder(translator, tmp_path / "photos", tmp_path / "out", ZEBRA, progress)
    assert 2 <= most <= 2 * folders.LOOK_AHEAD + 2


def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    translator: Translator, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write = folders._write

    def full(path: Path, data: bytes) -> None:
        if path.name == "b.webp":
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(folders, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        translate_folder(translator, photos, out, ZEBRA)
    monkeypatch.undo()
    summary = translate_folder(translator, photos, out, ZEBRA)
    assert summary.skipped >= 1
    assert tree(out).keys() == TRANSLATED | REPORTS


def test_file_names_of_any_bytes_are_translated(
    translator: Translator, photograph: bytes, tmp_path: Path
) -> None:
    names = [b"\xff\xfe.jpg", "horse \N{HORSE}.jpg".encode(), b'quote"comma, new\nline.jpg', b"-.jpg"]
    (tmp_path / "photos").mkdir()
    for name in names:
        (tmp_path / "photos" / os.fsdecode(name)).write_bytes(photograph)
    for expected in (len(names), 0):
        assert (
            translate_folder(translator, tmp_path / "photos", tmp_path / "out", ZEBRA).translated == expected
        )
    assert {os.fsencode(name) for name in tree(tmp_path / "out")} == {*names, b"report.csv", b"report.jsonl"}


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
