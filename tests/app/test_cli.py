import json
import shutil
import socket
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from httpx import Client
from PIL import Image

from app.cli import execute
from translation.translator import Translator


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tiny_bundle.parent))
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path / "data"))


def read(path: str) -> Image.Image:
    return Image.open(BytesIO(Path(path).read_bytes()))


@pytest.fixture
def photos(tmp_path: Path, photograph: bytes) -> Path:
    """Two pictures, one of them in a subfolder, and a file that is none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(photograph)
    Image.open(BytesIO(photograph)).save(folder / "more" / "b.png")
    (folder / "c.jpg").write_bytes(b"no picture")
    return folder


def test_a_tree_is_translated_and_the_exit_code_tells_of_the_bad_file(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["translate", "tiny", str(photos), "out", "--to", "zebra", "--seed", "7", "--json"]
    assert execute(command) == 6
    output = capsys.readouterr()
    told = {"translated": 2, "skipped": 0, "failed": 1, "left": 0, "seed": 7}
    told |= {"otherwise_seeded": 0, "warned": 0, "passed_over": {}}
    assert json.loads(output.out) == told
    assert "c.jpg: " in output.err
    assert read("out/a.jpg").size == read("out/more/b.png").size == (61, 43)
    execute(command)
    assert json.loads(capsys.readouterr().out)["skipped"] == 2


def test_a_file_and_a_pipe_give_what_the_service_gives(
    client: Client,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    query = {"to": "zebra", "seed": 7, "format": "jpeg"}
    served = client.post("/v1/translations", params=query, files={"image": photograph}).content
    Path("in.jpg").write_bytes(photograph)
    assert execute(["translate", "tiny", "in.jpg", "out.jpg", "--to", "zebra", "--seed", "7"]) == 0
    assert Path("out.jpg").read_bytes() == served
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(photograph)))
    assert execute(["translate", "tiny", "-", "-", "--to", "zebra", "--seed", "7"]) == 0
    assert capfdbinary.readouterr().out == served


def test_a_file_becomes_several_samples_in_the_format_of_its_name(photograph: bytes) -> None:
    Path("in.jpg").write_bytes(photograph)
    assert execute(["translate", "tiny", "in.jpg", "out.png", "--to", "zebra", "--samples", "2"]) == 0
    assert [read(f"out_{index}.png").format for index in (0, 1)] == ["PNG", "PNG"]


def test_a_picture_that_is_there_is_replaced_only_when_asked(
    photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.jpg").write_bytes(photograph)
    Path("out.jpg").write_bytes(b"mine")
    command = ["translate", "tiny", "in.jpg", "out.jpg", "--to", "zebra"]
    assert execute(command) == 3
    assert "error: invalid-input: out.jpg is there already: give another name, or --overwrite" in (
        capsys.readouterr().err
    )
    assert Path("out.jpg").read_bytes() == b"mine"
    assert execute([*command, "--overwrite"]) == 0
    assert read("out.jpg").format == "JPEG"
    assert execute(["translate", "tiny", "in.jpg", "in.jpg", "--to", "zebra", "--overwrite"]) == 3
    assert Path("in.jpg").read_bytes() == photograph


@pytest.mark.parametrize(
    ("given", "name"), [("tiny", "tiny"), ("runs/striped", "striped"), ("runs/striped/bundle", "striped")]
)
def test_a_receipt_calls_a_bundle_by_its_name_or_its_runs(
    given: str, name: str, tiny_bundle: Path, photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_bundle, "runs/striped/bundle")
    Path("in.jpg").write_bytes(photograph)
    assert execute(["translate", given, "in.jpg", "out.png", "--to", "zebra", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == read("out.png").info["SJMVI-Model"] == name


def test_a_frame_of_an_animation_is_translated_into_a_folder_that_is_made(animation: bytes) -> None:
    Path("in.gif").write_bytes(animation)
    assert execute(["translate", "tiny", "in.gif", "new/out.png", "--to", "zebra"]) == 3
    assert execute(["translate", "tiny", "in.gif", "new/out.png", "--to", "zebra", "--frame", "1"]) == 0
    assert read("new/out.png").size == (16, 16)


REFUSALS = {
    "no-such-option": ("translate --nope", 2, "usage"),
    "no-such-command": ("fly", 2, "usage"),
    "samples": ("translate tiny in.jpg out --to zebra --samples 17", 2, "usage"),
    "seed": ("translate tiny in.jpg out --to zebra --seed -1", 2, "usage"),
    "size": ("translate tiny in.jpg out --to zebra --size huge", 2, "usage"),
    "small-size": ("translate tiny in.jpg out --to zebra --size 7", 2, "usage"),
    "large-size": ("translate tiny in.jpg out.png --to zebra --size 2049", 2, "usage"),
    "several-to-stdout": ("translate tiny in.jpg - --to zebra --samples 2", 2, "usage"),
    "stdin-to-a-folder": ("translate tiny - out --to zebra", 2, "usage"),
    "unknown-suffix": ("translate tiny in.jpg out.jpgg --to zebra", 2, "usage"),
    "no-such-format": ("translate tiny in.jpg out --to zebra --format tga", 2, "usage"),
    "two-formats": ("translate tiny in.jpg out.jpg --to zebra --format png", 2, "usage"),
    "onto-its-input": ("translate tiny in.jpg in.jpg --to zebra", 3, "invalid-input"),
    "domain": ("translate tiny in.jpg out --to cow", 2, "bad-parameter"),
    "no-input": ("translate tiny absent.jpg out --to zebra", 3, "invalid-input"),
    "bad-input": ("translate tiny bad.jpg out.png --to zebra", 3, "unsupported-image-format"),
    "no-model": ("translate absent in.jpg out --to zebra", 4, "unknown-model"),
    "no-bundle": ("weights show .", 4, "missing-bundle"),
    "no-device": ("translate tiny in.jpg out --to zebra --device tpu", 5, "no-such-device"),
    "public": ("serve --host 0.0.0.0", 2, "public-without-keys"),
    "port": ("serve --port 70000", 2, "unknown-setting"),
    "nothing-to-train-on": ("train", 2, "usage"),
    "no-run": ("train --resume .", 3, "not-a-run"),
    "no-pictures": ("train . --domains horse,zebra", 3, "bad-dataset"),
    "no-device-to-train-on": ("train . --device tpu", 5, "no-such-device"),
    "both-long-and-many": ("train . --minutes 1 --set training.steps=5", 2, "usage"),
    "longer-than-it-was": ("train --resume . --minutes 1", 2, "usage"),
    "another-recipe-than-it-had": ("train --resume . --recipe quick", 2, "usage"),
    "one-domain": ("train . --domains horse", 2, "usage"),
}


@pytest.mark.parametrize(("command", "code", "slug"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_line_and_an_exit_code(
    command: str, code: int, slug: str, photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.jpg").write_bytes(photograph)
    Path("bad.jpg").write_bytes(b"no picture")
    assert execute(command.split()) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {slug}: ")


@pytest.mark.parametrize(("size", "works"), [(7, False), (8, True), (2049, False)])
def test_a_size_is_refused_with_the_range_that_works(
    size: int, works: bool, photograph: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.open(BytesIO(photograph)).resize((9, 9)).save("in.png")
    code = execute(["translate", "tiny", "in.png", "out.png", "--to", "zebra", "--size", str(size)])
    assert code == (0 if works else 2)
    assert ("--size takes 8 to 2048 pixels or native" in capsys.readouterr().err) is not works
    assert Path("out.png").exists() is works


@pytest.mark.parametrize("out", ["out.jpg", "-"])
def test_a_file_or_a_pipe_that_cannot_be_translated_is_named(
    out: str, photograph: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.jpg").write_bytes(photograph[:500])
    assert execute(["translate", "tiny", "broken.jpg", out, "--to", "zebra"]) == 3
    assert capsys.readouterr().err.startswith("error: corrupt-image: broken.jpg: ")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(photograph[:500])))
    assert execute(["translate", "tiny", "-", out, "--to", "zebra"]) == 3
    assert capsys.readouterr().err.startswith("error: corrupt-image: stdin: ")


def test_a_device_without_memory_is_no_fault_of_the_program(
    photograph: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 9 GiB")

    Path("in.jpg").write_bytes(photograph)
    monkeypatch.setattr(Translator, "sample", fail)
    assert execute(["translate", "tiny", "in.jpg", "out.jpg", "--to", "zebra"]) == 5
    assert capsys.readouterr().err == "error: out-of-memory: CUDA out of memory. Tried to allocate 9 GiB\n"


def test_debug_lets_the_error_through() -> None:
    with pytest.raises(LookupError):
        execute(["weights", "show", "absent"], debug=True)


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert execute(["serve", "--port", str(taken.getsockname()[1])]) == 5
    assert capsys.readouterr().err.startswith("error: port-in-use: ")


WITHOUT_A_SERVICE = """
import sys
sys.modules |= dict.fromkeys(("fastapi", "starlette", "uvicorn", "sqlalchemy", "dbos", "pydantic_settings"))
from app.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


def test_a_machine_that_only_trains_is_told_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_A_SERVICE, "train", str(tmp_path), "--domains", "horse,zebra"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 3
    assert found.stderr.startswith(f"error: bad-dataset: {tmp_path}")
    assert found.stderr.count("\n") == 1


WITHOUT_A_PART_OF_TRAINING = """
import sys
sys.modules["training.config"] = None
from app.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


def test_an_installation_that_lacks_a_part_is_told_in_one_line() -> None:
    command = [sys.executable, "-c", WITHOUT_A_PART_OF_TRAINING, "train", "horses", "zebras"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr == (
        "error: module-not-found-error: import of training.config halted; None in sys.modules\n"
    )
