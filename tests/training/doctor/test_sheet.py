"""One file that needs no other, shows what the report speaks of, and lets no name be markup."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from training.doctor.folders import find_folders
from training.doctor.inspection import Inspection, inspect
from training.doctor.sheet import SHOWN_OF_FOLDER, sheet

Save = Callable[..., Path]


def inspection_of(root: Path) -> Inspection:
    return inspect(find_folders(root, None, ("horse", "zebra")), 64)


def test_it_shows_findings_faults_duplicates_and_pictures(root: Path) -> None:
    (root / "testA" / "0.png").write_bytes(b"")
    shutil.copy(root / "trainA" / "1.png", root / "trainA" / "copy.png")
    inspection = inspection_of(root)
    page = sheet(inspection)
    for finding in inspection.report.findings:
        assert finding.advice in page
    for words in (
        "horse and zebra",
        "testA/0.png",
        "the file is empty",
        "Exact duplicates",
        "trainA/copy.png",
    ):
        assert words in page
    assert "Near duplicates" not in page
    assert page.count("<img") == 9 + 6 + 2 + 3 + 2


def test_it_needs_nothing_beyond_itself(root: Path) -> None:
    page = sheet(inspection_of(root))
    assert {address[:23] for address in re.findall(r'(?:src|href)="([^"]*)', page)} == {
        "data:image/jpeg;base64,"
    }
    assert not re.search(r"https?:|@import|<script", page)


def test_a_name_is_text(root: Path) -> None:
    (root / "trainA" / "0.png").rename(root / "trainA" / "<b>&.png")
    page = sheet(inspection_of(root))
    assert "<b>&.png" not in page
    assert "&lt;b&gt;&amp;.png" in page


def test_of_many_pictures_some_are_shown_and_one_that_has_gone_is_left_out(root: Path, save: Save) -> None:
    for index in range(SHOWN_OF_FOLDER):
        save(Image.new("L", (70, 70), index), f"trainA/s{index:03}.png")
    inspection = inspection_of(root)
    assert sheet(inspection).count('alt="trainA/') == SHOWN_OF_FOLDER
    shutil.rmtree(root)
    assert "<img" not in sheet(inspection)
