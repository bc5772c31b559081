import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from translation.codec import ImageTooLarge, ImageTooSmall, UnsupportedOutputFormat, decode
from translation.folders import file_seed, translate_folder
from translation.model import UnknownDomain
from translation.translator import TranslationRequest, Translator
from translation.tree import InvalidInput
from translation.weights import load_bundle

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


def test_a_direction_that_a_bundle_does_not_have_is_refused_before_the_first_picture(
    one_way_bundle: Path, photos: Path, tmp_path: Path
) -> None:
    translator = Translator(load_bundle(one_way_bundle))
    with pytest.raises(UnknownDomain, match="not the other way"):
        translate_folder(translator, photos, tmp_path / "out", TranslationRequest("horse"))
    assert not (tmp_path / "out").exists()
    assert translate_folder(translator, photos, tmp_path / "out", ZEBRA).translated == len(TRANSLATED)


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
    assert {row["file"]: json.loads(row["outputs"]) for row in table} == {
        file: row["outputs"] for file, row in report.items()
    }


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


def test_a_name_that_is_too_long_does_not_keep_the_others(
    translator: Translator, photograph: bytes, tmp_path: Path
) -> None:
    """A file's name has 255 bytes at most, and samples are numbered in theirs."""
    (tmp_path / "photos").mkdir()
    longest = "m" * 251 + ".jpg"
    for name in ("a.jpg", longest, "z.jpg"):
        (tmp_path / "photos" / name).write_bytes(photograph)
    one, two = (
        translate_folder(
            translator, tmp_path / "photos", tmp_path / str(samples), replace(ZEBRA, samples=samples)
        )
        for samples in (1, 2)
    )
    assert (one.translated, one.failed) == (3, 0)
    assert (two.translated, two.failed) == (2, 1)
    failed = rows(tmp_path / "2")[longest]
    assert (failed["error"], failed["message"]) == (
        "InvalidInput",
        "the translation's name, ...mm_0.jpg, is too long by 2 bytes: give a shorter one",
    )
    assert tree(tmp_path / "2").keys() == {"a_0.jpg", "a_1.jpg", "z_0.jpg", "z_1.jpg"} | REPORTS


def test_a_seed_depends_on_the_path_alone() -> None:
    assert file_seed(7, "deep/a.jpg") == file_seed(7, "deep/a.jpg")
    seeds = {file_seed(s, f) for s in (7, 8) for f in ("a.jpg", "b.jpg", "deep/a.jpg", "\udcff.jpg")}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_single_file_goes_into_a_folder_too(translator: Translator, photos: Path, tmp_path: Path) -> None:
    summary = translate_folder(translator, photos / "a.jpg", tmp_path / "out", ZEBRA)
    assert summary.translated == 1
    assert tree(tmp_path / "out").keys() == {"a.jpg"} | REPORTS


def test_a_format_for_all_changes_suffixes_and_collides_with_none(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    translate_folder(translator, photos, tmp_path / "out", TranslationRequest("zebra", seed=7, format="PNG"))
    pictures = tree(tmp_path / "out")
    expected = {"a.png", "a.jpg.png", "deep/er/b.png", "deep/UPPER.png", "named wrongly.png"}
    assert pictures.keys() == expected | REPORTS
    assert {decode(pictures[name]).format for name in expected} == {"PNG"}


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
        (TranslationRequest("zebra", process_size=7), ImageTooSmall),
        (TranslationRequest("zebra", process_size=2049), ImageTooLarge),
    ],
)
def test_what_is_wrong_for_all_files_is_refused_before_the_first(
    translator: Translator, photos: Path, tmp_path: Path, request_: TranslationRequest, error: type[Exception]
) -> None:
    with pytest.raises(error):
        translate_folder(translator, photos, tmp_path / "out", request_)
    assert not (tmp_path / "out").exists()


def test_a_picture_that_its_format_cannot_hold_does_not_keep_the_others(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    Image.new("L", (16384, 512)).save(photos / "long.png")
    request = replace(ZEBRA, format="WEBP", process_size=8)
    assert translate_folder(translator, photos, tmp_path / "out", request).translated == len(TRANSLATED)
    assert rows(tmp_path / "out")["long.png"]["error"] == "UnsupportedOutputFormat"
