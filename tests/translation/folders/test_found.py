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
