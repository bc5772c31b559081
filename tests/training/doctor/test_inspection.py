"""Planted faults are found and named, and none of them ends the inspection."""

import json
import os
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from training.doctor.folders import find_folders, find_single
from training.doctor.inspection import inspect
from training.doctor.report import MAX_LISTED, Report
from training.doctor.sheet import sheet
from training.doctor.text import text
from training.domains import BadDataset
from translation.signals import Stopped

Scene = Callable[..., Image.Image]
Save = Callable[..., Path]


def report_of(root: Path, training_size: int = 64) -> Report:
    return inspect(find_folders(root, None), training_size).report


def kinds_of(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def test_a_sound_root_is_counted_folder_by_folder(root: Path) -> None:
    report = report_of(root)
    assert [(each.folder, each.domain, each.split, each.pictures) for each in report.folders] == [
        ("trainA", "A", "train", 8),
        ("trainB", "B", "train", 6),
        ("testA", "A", "test", 3),
        ("testB", "B", "test", 3),
    ]
    assert report.folders[0].modes == {"RGB": 8}
    assert (report.exact.groups, report.near.groups, report.shared) == (0, 0, 0)
    assert set(kinds_of(report)) == {"few-pictures"}
    assert report.usable


UNREADABLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda data: data[: len(data) // 2], "CorruptImage"),
    "empty": (lambda data: b"", "EmptyImage"),
    "text": (lambda data: b"these are words", "UnsupportedImageFormat"),
    "damaged": (lambda data: data[:60] + bytes(9) + data[69:], "CorruptImage"),
}


@pytest.mark.parametrize(("damage", "kind"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_picture_that_cannot_be_read_is_named_with_the_reason(
    damage: Callable[[bytes], bytes], kind: str, root: Path
) -> None:
    file = root / "testA" / "1.png"
    file.write_bytes(damage(file.read_bytes()))
    report = report_of(root)
    (lost,) = report.folders[2].unreadable.files
    assert (lost.file, lost.kind) == ("testA/1.png", kind)
    assert lost.reason
    assert report.usable
    (finding,) = (each for each in report.findings if each.kind == "unreadable")
    assert "testA/1.png" in finding.message


def test_a_file_that_may_not_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_bytes = Path.read_bytes

    def refuse(file: Path) -> bytes:
        if file == root / "testB" / "0.png":
            raise PermissionError(13, "Permission denied", str(file))
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (lost,) = report_of(root).folders[3].unreadable.files
    assert (lost.file, lost.kind, lost.reason) == ("testB/0.png", "PermissionError", "Permission denied")


def test_a_domain_of_which_training_would_refuse_too_much_is_an_error(root: Path) -> None:
    (root / "trainB" / "0.png").write_bytes(b"")
    report = report_of(root)
    assert not report.usable
    assert kinds_of(report)[0] == "too-many-unreadable"
    assert "unreadable" not in kinds_of(report)


def test_a_domain_without_a_readable_picture_is_an_error(root: Path) -> None:
    for file in (root / "trainB").iterdir():
        file.write_bytes(b"")
    report = report_of(root)
    assert not report.usable
    assert kinds_of(report)[0] == "no-pictures"
    assert report.folders[1].short_side is report.folders[1].colour is None


def test_pictures_of_one_colour_are_no_copies_of_one_another(root: Path, save: Save) -> None:
    for level in (32, 64, 128):  # the same rounding errors, in twice the size
        save(Image.new("RGB", (70, 70), (level, level, level)), f"trainA/flat-{level}.png")
    report = report_of(root)
    assert report.near.groups == 0
    assert report.folders[0].flat.count == 3
    assert "flat-pictures" in kinds_of(report)


def test_any_mode_and_any_turn_is_measured_as_training_sees_it(root: Path, scene: Scene, save: Save) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    save(scene(50), "trainA/turned.jpg", exif=exif)
    save(scene(51).convert("CMYK"), "trainA/cmyk.jpg")
    levels = np.asarray(scene(52).convert("L")).astype(np.uint16) * 257
    save(Image.fromarray(levels), "trainA/deep.png")
    save(scene(53).convert("RGBA"), "trainA/alpha.png")
    folder = report_of(root).folders[0]
    assert folder.modes == {"RGB": 9, "CMYK": 1, "I;16": 1, "RGBA": 1}
    assert folder.formats == {"PNG": 10, "JPEG": 2}
    assert folder.height is not None
    assert (folder.height.largest, folder.with_alpha) == (96, 1)
    assert folder.grey.files == ("trainA/deep.png",)
    assert "grey-mixed" in kinds_of(report_of(root))


def test_names_of_any_bytes_can_be_sent(root: Path) -> None:
    for name in ("b\u00e4r \u99ac.png", os.fsdecode(b"\xff.png"), "<b>&.png"):
        shutil.copy(root / "trainA" / "0.png", root / "testA" / name)
    written = json.dumps(report_of(root).as_json(), ensure_ascii=False)
    written.encode()
    for name in ("b\u00e4r \u99ac.png", "\ufffd.png", "<b>&.png"):
        assert f"testA/{name}" in written


def test_folders_of_any_bytes_can_be_shown_and_are_told_apart(root: Path) -> None:
    """Both names become one where they are made readable."""
    roots = [root / "trainA", root / "trainB"]
    roots = [
        each.rename(root / os.fsdecode(name)) for each, name in zip(roots, (b"\xff", b"\xfe"), strict=True)
    ]
    console = Console(file=StringIO())
    for folders, labels in (
        (find_folders(*roots), ["first", "second"]),
        (find_folders(roots[0], root / "testA"), ["\ufffd", "testA"]),
        (find_single(roots[0]), ["\ufffd"]),
    ):
        inspection = inspect(folders, 64)
        assert [folder.folder for folder in inspection.report.folders] == labels
        sheet(inspection).encode()
        json.dumps(inspection.report.as_json(), ensure_ascii=False).encode()
        for piece in text(inspection.report):
            console.print(piece)
    console.file.getvalue().encode()  # type: ignore[attr-defined]


def test_files_that_were_meant_are_told_of_and_hidden_ones_not(root: Path) -> None:
    for name in (".hidden.heic", "phone.HEIC", "notes.txt"):
        (root / "trainA" / name).write_bytes(b"")
    (root / "trainA" / "gone.jpg").symlink_to(root / "nowhere")
    report = report_of(root)
    assert report.folders[0].passed_over.files == (
        "trainA/gone.jpg",
        "trainA/phone.HEIC",
        "trainA/notes.txt",
    )
    assert "passed-over" in kinds_of(report)


def test_long_lists_are_cut_and_counted(root: Path, save: Save) -> None:
    for index in range(MAX_LISTED + 5):
        save(Image.new("L", (16, 16), index), f"trainA/s{index:03}.png")
    folder = report_of(root).folders[0]
    assert (folder.small.count, len(folder.small.files)) == (MAX_LISTED + 5, MAX_LISTED)


def test_two_folders_go_by_their_names_or_by_their_order(root: Path) -> None:
    def labels(second: Path, domains: tuple[str, str] | None = None) -> list[str]:
        return [folder.label for folder in find_folders(root / "trainA", second, domains)]

    shutil.copytree(root / "trainB", root / "other" / "trainA")
    assert labels(root / "trainB") == ["trainA", "trainB"]
    assert labels(root / "trainB", ("horse", "zebra")) == ["horse", "zebra"]
    assert labels(root / "other" / "trainA") == ["first", "second"]
    with pytest.raises(BadDataset, match="nowhere is not a folder"):
        labels(root / "nowhere")


def test_a_signal_ends_it_between_two_pictures(root: Path) -> None:
    seen: list[int] = []
    with pytest.raises(Stopped):
        inspect(find_folders(root, None), 64, lambda done, total: seen.append(total), lambda: len(seen) == 3)
    assert seen == [20, 20, 20]
