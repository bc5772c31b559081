import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.cli import execute


def command(*arguments: str) -> list[str]:
    return ["experiment", "mnist", *arguments]


def test_a_missing_file_is_told_what_is_wanted_and_where_it_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(command("--data", str(tmp_path / "none.npz"), "--out", str(tmp_path / "out"))) == 3
    error = capsys.readouterr().err
    assert error.startswith("error: bad-dataset: there is no")
    assert "x_train (60000, 28, 28)" in error
    assert "published" in error
    assert not (tmp_path / "out").exists()


def test_an_unknown_method_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(command("--data", str(tmp_path / "none.npz"), "--methods", "vae,gan")) == 2
    assert "gan is none of sjmvi, vae, avb" in capsys.readouterr().err


def test_results_of_another_protocol_are_not_added_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures, labels = np.zeros((5100, 28, 28), np.uint8), np.zeros(50, np.uint8)
    np.savez(tmp_path / "digits.npz", x_train=pictures, x_test=pictures[:50], y_test=labels)
    (tmp_path / "results.json").write_text(json.dumps({"protocol": "theirs", "seeds": [0], "finished": {}}))
    assert execute(command("--data", str(tmp_path / "digits.npz"), "--out", str(tmp_path))) == 3
    assert "another protocol" in capsys.readouterr().err


def test_help_does_not_wait_for_torch() -> None:
    code = """import sys, app.cli
assert app.cli.execute(["experiment", "mnist", "--help"]) == 0
assert not {"torch", "matplotlib"} & set(sys.modules)"""
    subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True
    )
