"""What `sjmvi` says of itself."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from app.cli import execute


def test_help_does_not_wait_for_torch() -> None:
    commands = [[], ["train"], ["translate"], ["serve"], ["weights"], ["weights", "add"]]
    commands += [["weights", "import"], ["evaluate"], ["data", "inspect"], ["experiment"]]
    code = f"""import sys, app.cli
for command in {commands}:
    assert app.cli.execute([*command, "--help"]) == 0
assert not {{"torch", "fastapi"}} & set(sys.modules)"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.count("Usage: sjmvi") == len(commands)


def test_nothing_is_wrong_with_asking_for_the_version_or_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["--version"]) == 0
    assert capsys.readouterr().out == f"sjmvi {version('sjmvi')}\n"
    assert execute([]) == 2
    shown = capsys.readouterr()
    assert "6 some items failed" in " ".join((shown.out + shown.err).split())
    assert "error: usage" not in shown.err
