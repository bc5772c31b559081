"""`sjmvi translate` on a tree, as a process of its own that a signal stops."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import execute
from translation.codec import decode

ROOT = Path(__file__).parents[2]
PICTURES = 12
STALLED_AT = 4
STALLING = f"""
import sys
from app.cli import main
from translation.translator import Translator

sample, sampled = Translator.sample, []

def stalling(self, picture, request):
    sampled.append(request)
    if len(sampled) == {STALLED_AT}:
        print("stalled", flush=True)
        sys.stdin.readline()
    return sample(self, picture, request)

Translator.sample = stalling
main()
"""
Command = Callable[[str], list[str]]


@pytest.fixture
def command(tiny_bundle: Path, tmp_path: Path, photograph: bytes) -> Command:
    """The arguments that translate a tree of twelve pictures into a folder."""
    for index in range(PICTURES):
        file = tmp_path / "photos" / f"{index % 3}" / f"{index:02}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photograph)
    names = ["translate", str(tiny_bundle), str(tmp_path / "photos")]
    return lambda out: [*names, str(tmp_path / out), "--to", "zebra", "--seed", "7", "--json"]


def stop(arguments: list[str], number: signal.Signals) -> tuple[int, dict[str, int], str]:
    """(exit code, what --json says, stderr) of a child that gets the signal while its network works."""
    with subprocess.Popen(
        [sys.executable, "-c", STALLING, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "stalled\n"
        child.send_signal(number)
        output, errors = child.communicate("\n", timeout=60)
    return child.returncode, json.loads(output), errors


def pictures(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.jpg")}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_between_two_pictures_and_the_same_command_goes_on(
    number: signal.Signals, code: int, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    returned, said, errors = stop(command("out"), number)
    left = PICTURES - STALLED_AT
    assert (returned, said["translated"], said["left"]) == (code, STALLED_AT, left)
    assert f"stopped, {left} pictures left; the same command goes on" in errors
    assert "Traceback" not in errors

    out = tmp_path / "out"
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    report = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    assert {name for row in report for name in row["outputs"]} | {"report.csv", "report.jsonl"} == files
    with (out / "report.csv").open(newline="") as table:
        assert [row["file"] for row in csv.DictReader(table)] == [row["file"] for row in report]
    for picture in pictures(out).values():
        assert decode(picture).image.size == (61, 43)

    assert execute(command("out")) == execute(command("whole")) == 0
    resumed, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert (resumed["skipped"], resumed["translated"]) == (STALLED_AT, left)
    assert (whole["translated"], pictures(out)) == (PICTURES, pictures(tmp_path / "whole"))
