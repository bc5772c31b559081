"""What `sjmvi translate` says, and where it puts what it makes."""

import errno
import os
import re
import shutil
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from app.cli import execute
from app.cli_translate import PictureFormat
from translation import durable
from translation.codec import MEDIA_TYPES

TO_ZEBRA = ["--to", "zebra"]


@pytest.fixture(autouse=True)
def at_home(
    tmp_path: Path,
    tiny_bundle: Path,
    one_way_bundle: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A picture, in.jpg, and a folder of two and one that is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tiny_bundle.parent))
    shutil.copytree(one_way_bundle, "uncalibrated")
    Path("photos").mkdir()
    for name in ("in.jpg", "photos/a.jpg", "photos/b.jpg"):
        Path(name).write_bytes(photograph)
    Path("photos/c.jpg").write_bytes(b"no picture")


def read(path: str) -> Image.Image:
    return Image.open(BytesIO(Path(path).read_bytes()))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on stderr."""
    return capsys.readouterr().err.splitlines()[-1]


def test_after_a_folder_its_numbers_are_told_and_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["translate", "tiny", "photos", "out", *TO_ZEBRA]
    assert execute([*command, "--seed", "7"]) == 6
    assert said(capsys) == "2 translated, 0 skipped, 1 failed (out/report.csv says why); seed 7"
    Path("photos/c.jpg").unlink()
    assert execute([*command, "--seed", "7"]) == 0
    assert said(capsys) == "0 translated, 2 skipped, 0 failed; seed 7"


def test_a_seed_that_was_drawn_is_told_and_taken_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/c.jpg").unlink()
    command = ["translate", "tiny", "photos", "out", *TO_ZEBRA]
    execute(command)
    seed = re.fullmatch(r"2 translated, 0 skipped, 0 failed; seed (\d+)", said(capsys))
    assert seed
    execute(["translate", "tiny", "photos", "again", *TO_ZEBRA, "--seed", seed[1]])
    assert Path("again/a.jpg").read_bytes() == Path("out/a.jpg").read_bytes()
    capsys.readouterr()
    execute(command)
    assert said(capsys) == f"0 translated, 2 skipped, 0 failed; seed {seed[1]}"
    execute(["translate", "tiny", "photos/a.jpg", "out", *TO_ZEBRA, "--seed", "8", "--overwrite"])
    capsys.readouterr()
    execute(command)
    assert said(capsys).endswith("2 skipped, 0 failed; seed 8 (of 1 another, see out/report.csv)")


def test_what_is_passed_over_and_what_is_misnamed_is_told_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("noname", "scan.ppm", "notes.txt", "other"):
        Path("photos", name).touch()
    Path("photos/c.jpg").unlink()
    Path("photos/a.jpg").rename("photos/a.png")
    assert execute(["translate", "tiny", "photos", "out", *TO_ZEBRA, "--seed", "7"]) == 0
    assert said(capsys) == (
        "2 translated, 0 skipped, 0 failed; 1 named as another format (out/report.csv says which); "
        "files passed over: 4 (no suffix, .ppm, .txt); seed 7"
    )


def test_a_name_that_is_too_long_is_told_before_anything_is_drawn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("in.jpg").rename("m" * 251 + ".jpg")
    out = "new/" + "x" * 251 + ".jpg"
    assert execute(["translate", "tiny", "m" * 251 + ".jpg", out, *TO_ZEBRA, "--samples", "2"]) == 3
    assert said(capsys).endswith("...xx_0.jpg, is too long by 2 bytes: give a shorter one")
    assert not Path("new").exists()


def test_a_full_disk_is_told_with_what_is_done_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("photos/c.jpg").unlink()
    write = durable.write

    def full(path: Path, data: bytes) -> None:
        if path.name == "b.jpg":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, data)

    command = ["translate", "tiny", "photos", "out", *TO_ZEBRA, "--seed", "7"]
    monkeypatch.setattr(durable, "write", full)
    assert execute(command) == 5
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "1 translated, 0 skipped, 0 failed; seed 7",
        "error: out-of-space: out: No space left on device, 1 pictures left: "
        "make room, and the same command goes on with them",
    ]
    assert execute(["translate", "tiny", "in.jpg", "b.jpg", *TO_ZEBRA]) == 5
    assert said(capsys) == "error: out-of-space: [Errno 28] No space left on device"


def test_after_a_picture_its_seed_and_score_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["in.jpg", "x.png", *TO_ZEBRA, "--seed", "42"]
    assert execute(["translate", "tiny", *command]) == 0
    assert said(capsys) == "x.png: seed 42, domain score 0.04"
    assert execute(["translate", "uncalibrated", *command, "--samples", "2"]) == 0
    assert said(capsys) == "x_0.png, x_1.png: seed 42"


def test_a_folders_translations_with_another_seed_are_replaced_only_when_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["translate", "tiny", "photos", "out", *TO_ZEBRA, "--seed"]
    execute([*command, "7"])
    first = Path("out/a.jpg").read_bytes()
    assert execute([*command, "8"]) == 3
    assert said(capsys) == (
        "error: invalid-input: out holds translations with another seed, a.jpg for one: "
        "give another folder, or --overwrite"
    )
    assert Path("out/a.jpg").read_bytes() == first
    assert execute([*command, "8", "--overwrite"]) == 6
    assert Path("out/a.jpg").read_bytes() != first


@pytest.mark.parametrize("out", ["x.heic", "x.jpgg", "new/x.v2"])
def test_a_name_that_no_picture_can_have_is_no_folders_unless_it_says_so(
    out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["translate", "tiny", "in.jpg", out, *TO_ZEBRA]) == 2
    assert re.search(rf"{out}: not one of .*\.jpg, .*; a folder's name ends in /$", said(capsys))
    assert not Path(out).exists()
    assert execute(["translate", "tiny", "in.jpg", f"{out}/", *TO_ZEBRA]) == 0
    assert Path(out, "in.jpg").is_file()
    assert execute(["translate", "tiny", "photos/a.jpg", out, *TO_ZEBRA]) == 0  # it is a folder by now
    assert Path(out, "a.jpg").is_file()


def test_a_folders_translations_take_the_format_that_is_asked_for() -> None:
    read("in.jpg").save("photos/a.png")
    assert execute(["translate", "tiny", "photos", "out", *TO_ZEBRA, "--format", "png"]) == 6
    assert {path.name for path in Path("out").iterdir()} == {
        *("a.jpg.png", "a.png", "b.png", "report.csv", "report.jsonl")
    }
    assert read("out/b.png").format == "PNG"


def test_a_pictures_format_is_that_of_its_name_and_a_pipes_what_is_asked_for(
    photograph: bytes, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert execute(["translate", "tiny", "in.jpg", "x.png", *TO_ZEBRA, "--format", "PNG"]) == 0
    assert read("x.png").format == "PNG"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(photograph)))
    capfdbinary.readouterr()
    assert execute(["translate", "tiny", "-", "-", *TO_ZEBRA, "--format", "webp"]) == 0
    assert Image.open(BytesIO(capfdbinary.readouterr().out)).format == "WEBP"


def test_every_format_that_is_written_can_be_asked_for() -> None:
    assert {each.name: each.value.upper() for each in PictureFormat} == {name: name for name in MEDIA_TYPES}


ANIMATED = "2 frames: name one, frame=0 to frame=1, or give it alone (--frame)"


def test_what_is_refused_is_told_with_the_option_or_the_setting_that_it_is_about(
    animation: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.gif").write_bytes(animation)
    assert execute(["translate", "tiny", "in.gif", "x.png", *TO_ZEBRA]) == 3
    assert said(capsys) == f"error: animated-image: in.gif: {ANIMATED}"
    assert execute(["translate", "tiny", "in.gif", "out", *TO_ZEBRA]) == 6
    assert f"in.gif: {ANIMATED}\n" in capsys.readouterr().err
    refused = ["in.jpg", "x.png", *TO_ZEBRA, "--refuse-at", "0.05"]
    assert execute(["translate", "uncalibrated", *refused]) == 4
    assert said(capsys).endswith(
        "leave refuse_at out, or calibrate the bundle (--refuse-at, sjmvi weights calibrate)"
    )
    monkeypatch.setenv("SJMVI_MAX_PIXELS", "100")
    assert execute(["translate", "tiny", "in.jpg", "x.png", *TO_ZEBRA]) == 3
    assert said(capsys).endswith("the limit max_pixels (SJMVI_MAX_PIXELS)")


def test_a_photograph_of_a_phone_or_a_camera_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("photo.HEIC", "raw.CR2"):
        read("in.jpg").save(f"photos/{name}", "TIFF")
        assert execute(["translate", "tiny", f"photos/{name}", "x.png", *TO_ZEBRA]) == 3
        assert said(capsys) == (
            f"error: unsupported-image-format: photos/{name}: "
            "a format that is not read: convert it to JPEG or PNG"
        )
    assert execute(["translate", "tiny", "photos", "out", *TO_ZEBRA]) == 6
    errors = capsys.readouterr().err
    assert "photo.HEIC: a format that is not read: " in errors
    assert "raw.CR2: a format that is not read: " in errors
