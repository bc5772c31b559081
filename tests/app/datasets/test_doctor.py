"""The doctor as a child process: what it says, and that it does not outlive its time."""

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.datasets import doctor
from app.datasets.faults import BadDataset, CorruptPictures


def pictures(folder: Path, count: int) -> str:
    folder.mkdir()
    noise = np.random.default_rng(len(folder.name))
    for index in range(count):
        Image.fromarray(noise.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{index:02}.png")
    return str(folder)


def says(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "COMMAND", (sys.executable, "-S", "-c", code))


def test_the_real_one_reports_up_to_one_picture_in_twenty_that_cannot_be_read(tmp_path: Path) -> None:
    inputs = [pictures(tmp_path / name, 20) for name in ("horse", "zebra")]
    (tmp_path / "horse/00.png").write_bytes(b"no picture")
    found = asyncio.run(doctor.examine(inputs, 200))
    assert found["usable"]
    assert found["folders"][0]["unreadable"]["files"][0]["file"] == "horse/00.png"


def report(usable: bool, unreadable: int, split: str = "train", readable: int = 18) -> str:
    """A process that prints it, of a folder with other pictures, and exits as the doctor does."""
    lost = {"count": unreadable, "files": [{"file": f"a/{index}.png"} for index in range(unreadable)]}
    folder = {"folder": "a", "split": split, "pictures": readable, "unreadable": lost}
    findings = [{"level": "warning", "message": "grey"}, {"level": "error", "message": "too few"}]
    said = json.dumps({"usable": usable, "folders": [folder], "findings": findings})
    return f"print({said!r}); raise SystemExit(3)"


def test_more_are_refused_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    says(report(usable=False, unreadable=2), monkeypatch)
    with pytest.raises(CorruptPictures, match=r"2 of 20 pictures in a .* 'a/0.png', 'a/1.png'") as raised:
        asyncio.run(doctor.examine([], 200))
    assert raised.value.files == ["a/0.png", "a/1.png"]


def test_of_pictures_to_translate_one_that_can_be_read_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    says(report(usable=True, unreadable=5, split="single", readable=1), monkeypatch)
    found = asyncio.run(doctor.examine([], 200))
    assert found["folders"][0]["unreadable"]["count"] == 5
    says(report(usable=True, unreadable=5, split="single", readable=0), monkeypatch)
    with pytest.raises(CorruptPictures, match="5 of 5 pictures in a cannot be read: 'a/0.png'"):
        asyncio.run(doctor.examine([], 200))


def test_what_cannot_be_trained_on_is_refused_for_the_doctors_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    says(report(usable=False, unreadable=0), monkeypatch)
    with pytest.raises(BadDataset, match="^too few$"):
        asyncio.run(doctor.examine([], 200))


@pytest.mark.parametrize(
    "code", ["raise SystemExit(1)", "print('{')", "print('[]')", "import os; os.kill(os.getpid(), 9)"]
)
def test_a_doctor_without_a_report_has_failed(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    says(code, monkeypatch)
    with pytest.raises(doctor.InspectionFailed):
        asyncio.run(doctor.examine([], 200))


def test_a_doctor_that_takes_too_long_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says("import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(100)", monkeypatch)
    with pytest.raises(doctor.InspectionTimeout):
        asyncio.run(doctor.examine([str(tmp_path / "pid")], 4))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
