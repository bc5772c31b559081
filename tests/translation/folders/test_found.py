"""Which files of a tree are its pictures, and what becomes of the others."""

import os
import socket
from pathlib import Path

import pytest

from translation.folders import translate_folder
from translation.report import Report
from translation.translator import TranslationRequest, Translator
from translation.tree import InvalidInput, find_pictures, read_bytes

ZEBRA = TranslationRequest("zebra", seed=7)


def test_what_a_pictures_name_has_but_is_no_file_fails_and_is_not_waited_for(
    translator: Translator, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)  # a socket's path has 108 bytes at most
    os.mkfifo("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        Path("device.png").symlink_to("/dev/zero")
        translate_folder(translator, photos, tmp_path / "out", ZEBRA)
    rows = Report(tmp_path / "out").rows
    for name in ("pipe.jpg", "socket.png", "device.png"):
        row = rows[name]
        assert (row.outcome, row.error) == ("failed", "InvalidInput")
        assert row.message == "not a regular file, but a pipe, a socket or a device"
    assert rows["a.jpg"].outcome == "translated"


def test_a_pipe_in_place_of_all_pictures_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InvalidInput, match=r"pipe.jpg is not a regular file"):
        find_pictures(tmp_path / "pipe.jpg", tmp_path / "out")
    with pytest.raises(InvalidInput, match="not a regular file"):
        read_bytes(tmp_path / "pipe.jpg")


def test_links_to_files_and_folders_are_followed_and_none_in_a_circle(tmp_path: Path) -> None:
    for folder in ("photos/deep", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("photos/a.jpg", "photos/deep/b.jpg", "elsewhere/c.jpg"):
        (tmp_path / name).touch()
    links = {"file.jpg": "a.jpg", "linked": "../elsewhere", "deep/up": "..", "myself": "."}
    for name, target in links.items():
        (tmp_path / "photos" / name).symlink_to(target)
    (tmp_path / "elsewhere/back").symlink_to("../photos")
    found = find_pictures(tmp_path / "photos", tmp_path / "out")
    assert list(found.pictures) == ["a.jpg", "deep/b.jpg", "file.jpg", "linked/c.jpg"]
    assert found.passed_over == {}


def test_what_is_passed_over_is_counted_by_its_suffix(
    translator: Translator, photos: Path, tmp_path: Path
) -> None:
    for name in ("noname", "deep/other", "scan.PPM"):
        (photos / name).touch()
    summary = translate_folder(translator, photos, tmp_path / "out", ZEBRA)
    assert summary.passed_over == {"": 2, ".ppm": 1, ".txt": 1}
    back = find_pictures(tmp_path / "out", tmp_path / "back")
    assert back.passed_over == {}  # a report is none of the pictures
