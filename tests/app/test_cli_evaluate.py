"""The whole command on a few pictures: what it leaves, says, takes up again and refuses."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import training.evaluation.bundle
from app.cli import execute

NETWORK = "colours.pt"
COMMAND = [
    "evaluate",
    "tiny",
    "data",
    "--features",
    NETWORK,
    "--samples",
    "2",
    "--inputs",
    "2",
    "--noise",
    "0.1",
]


@pytest.fixture(scope="module")
def home(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root by the field's convention, and a network beside it."""
    home = tmp_path_factory.mktemp("home")
    noise = np.random.default_rng(0)
    for name, count in (("testA", 3), ("testB", 4), ("trainA", 5), ("trainB", 5)):
        (home / "data" / name).mkdir(parents=True)
        for index in range(count):
            picture = Image.fromarray(noise.integers(0, 256, (40, 32, 3), dtype=np.uint8))
            picture.save(home / "data" / name / f"{index}.png")
    shutil.copy(colours, home / NETWORK)
    return home


@pytest.fixture(autouse=True)
def at_home(home: Path, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tiny_bundle.parent))
    for entry in home.iterdir():
        os.symlink(entry, tmp_path / entry.name)


def test_a_root_is_measured_both_ways_and_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    command = [*COMMAND, "--seeds", "2", "--classes", "horse=0,zebra=2", "--size", "24", "--out", "out"]
    assert execute(command) == 0
    said = capsys.readouterr()
    assert "horse to zebra, 3 pictures against 4" in said.out
    assert "zebra to horse, 4 pictures against 3" in said.out
    assert "colours FD" in said.out
    assert "FID" not in said.out
    assert "images/s" in said.err
    found = json.loads(Path("out/evaluation.json").read_text(), parse_constant=pytest.fail)
    assert found["bundle"]["domains"] == ["horse", "zebra"]
    protocol = found["protocol"]
    assert (protocol["seeds"], protocol["size"]) == ([0, 1], 24)
    assert [one["pictures"] for one in protocol["test"] + protocol["train"]] == [3, 4, 5, 5]
    assert protocol["network"]["name"] == "colours"
    assert all({"real", "untranslated", "sample"} <= set(one["lines"]) for one in found["directions"])
    page = Path("out/index.html").read_text()
    assert page.count("<img") == (3 + 4) * (1 + 4 + 1 + 1)
    assert "http" not in page


def test_a_bundle_of_one_direction_is_measured_in_that_one(
    one_way_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(one_way_bundle, "one-way")
    command = ["one-way" if word == "tiny" else word for word in COMMAND]
    assert execute([*command, "--out", "out", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["directions"]
    assert (found["source"], found["target"]) == ("horse", "zebra")
    assert {"sample", "untranslated", "content"} <= set(found["lines"])
    assert not {"cycle", "bound", "mean", "diversity"} & set(found["lines"])
    assert Path("out/index.html").read_text().count("<img") == 3 * (1 + 1 + 1)


def test_a_stopped_evaluation_goes_on_and_a_finished_one_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_trial, begun = training.evaluation.bundle.run_trial, []

    def stop_at_the_third(*arguments: object) -> object:
        begun.append(arguments)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return run_trial(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training.evaluation.bundle, "run_trial", stop_at_the_third)
    command = [*COMMAND, "--seeds", "2", "--out", "out", "--json"]
    assert execute(command) == 130
    assert "the same command goes on from here" in capsys.readouterr().err
    assert not Path("out/evaluation.json").exists()
    assert execute(command) == 0
    assert len(begun) == 3 + 2
    first = json.loads(capsys.readouterr().out)
    assert execute(command) == 0
    assert len(begun) == 3 + 2
    assert json.loads(capsys.readouterr().out) == first
    assert execute([*command, "--size", "16"]) == 0
    assert len(begun) == 3 + 2 + 4  # what is asked otherwise is measured anew


def test_test_pictures_that_were_trained_on_are_told(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").unlink()
    for source in sorted((home / "data").rglob("*.png")):
        copy = tmp_path / "data" / source.relative_to(home / "data")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    (tmp_path / "data/trainA/leak.png").write_bytes((home / "data/testA/0.png").read_bytes())
    assert execute([*COMMAND, "--out", "out"]) == 0
    assert "1 of 7 test pictures are training pictures as well" in caplog.text
    found = json.loads(Path("out/evaluation.json").read_text())
    assert found["protocol"]["test_pictures_in_train"] == [1, 0]


def damaged() -> None:
    for name in ("a", "b"):
        Path(name).mkdir()
        for index in range(2):
            Path(name, f"{index}.png").write_bytes(b"no picture %d" % index + name.encode())


def nothing() -> None: ...


REFUSALS: dict[str, tuple[str, Callable[[], None], int, str]] = {
    "no-folder": ("evaluate tiny nowhere", nothing, 3, "bad-dataset"),
    "no-folder-nor-network": ("evaluate tiny nowhere --features absent.onnx", nothing, 3, "bad-dataset"),
    "no-pictures": ("evaluate tiny data/testA out", lambda: Path("out").mkdir(), 3, "bad-dataset"),
    "damaged": ("evaluate tiny a b", damaged, 3, "bad-dataset"),
    "network": ("evaluate tiny data --features absent.onnx", nothing, 3, "bad-feature-network"),
    "kind-of-network": ("evaluate tiny data --features network.h5", nothing, 3, "bad-feature-network"),
    "bundle": ("evaluate absent data", nothing, 4, "unknown-model"),
    "size": ("evaluate tiny data --size 7", nothing, 2, "usage"),
    "seeds": ("evaluate tiny data --seeds 0", nothing, 2, "usage"),
    "seeds-twice": ("evaluate tiny data --seeds 1,1", nothing, 2, "usage"),
    "classes": ("evaluate tiny data --classes horse", nothing, 2, "usage"),
    "class-of-no-domain": ("evaluate tiny data --classes cow=1", nothing, 2, "usage"),
    "class-beyond": ("evaluate tiny data --classes horse=3", nothing, 2, "bad-protocol"),
    "noise": ("evaluate tiny data --noise loud", nothing, 2, "usage"),
    "device": ("evaluate tiny data --device tpu", nothing, 5, "no-such-device"),
}


@pytest.mark.parametrize(("command", "prepare", "code", "slug"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_line_and_an_exit_code(
    command: str, prepare: Callable[[], None], code: int, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare()
    features = [] if "--features" in command else ["--features", NETWORK]
    assert execute([*command.split(), *features]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {slug}: ")


def test_without_the_internet_it_is_the_environment_that_is_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    assert execute(["evaluate", "tiny", "data"]) == 5
    assert capsys.readouterr().err.startswith(
        "error: unfetched-network: inception cannot be fetched (no route"
    )


def test_folders_in_the_order_of_the_other_domain_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name, folder in (("zebra", "testA"), ("horse", "testB")):
        Path("own", name).mkdir(parents=True)
        for file in Path("data", folder).iterdir():
            Path("own", name, file.name).write_bytes(file.read_bytes())
    assert execute(["evaluate", "tiny", "own/zebra", "own/horse", "--features", NETWORK]) == 3
    assert "swap the folders" in capsys.readouterr().err
