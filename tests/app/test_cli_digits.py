"""The command's ends; what it measures is tested with the experiment."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli import execute
from training.experiments.digits import experiment


def command(folder: Path, *arguments: str) -> list[str]:
    files = ["--mnist", str(folder / "mnist.npz"), "--usps", str(folder / "usps.npz")]
    return ["experiment", "digits", *files, "--out", str(folder / "out"), *arguments]


def write(folder: Path, name: str, side: int) -> None:
    pictures, labels = np.zeros((1100, side, side), np.uint8), np.zeros(1100, np.uint8)
    np.savez(folder / f"{name}.npz", x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)


def test_a_missing_file_is_told_what_is_wanted_and_where_it_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "mnist", 28)
    assert execute(command(tmp_path)) == 3
    error = capsys.readouterr().err
    assert error.startswith("error: bad-dataset: there is no")
    assert "x_train (7291, 16, 16)" in error
    assert "published" in error
    assert not (tmp_path / "out").exists()


def test_files_that_were_swapped_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "mnist", 16)
    write(tmp_path, "usps", 28)
    assert execute(command(tmp_path)) == 3
    assert "x_train is uint8 of shape (1100, 16, 16); wanted is MNIST" in capsys.readouterr().err


def test_an_unknown_method_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(command(tmp_path, "--methods", "default,gan")) == 2
    assert "gan is none of source only, target only, default, cyclegan" in capsys.readouterr().err


def test_a_recipe_value_that_there_is_not_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(command(tmp_path, "--set", "training.step=3")) == 2
    assert "training.step" in capsys.readouterr().err


def test_each_direction_has_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def untranslated(self: object, teacher: int, seed: int) -> dict[str, float]:
        return {"accuracy_mnist_to_usps": 0.25 + seed / 2, "accuracy_usps_to_mnist": 0.125}

    write(tmp_path, "mnist", 28)
    write(tmp_path, "usps", 16)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(experiment._Experiment, "untranslated", untranslated)
    assert execute(command(tmp_path, "--methods", "source only", "--seeds", "2")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:5] == ["mnist", "to", "usps", "accuracy", "both"]
    assert lines[1].split()[:5] == ["source", "only", "0.500", "±", "0.354"]
    assert lines[2].split()[:3] == ["usps", "to", "mnist"]
    assert lines[-1] == str(tmp_path / "out" / "results.json")


def test_an_interruption_says_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(setting: object, out: Path, seeds: Sequence[int], methods: Sequence[str]) -> Any:  # noqa: ANN401
        raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "run_digits", interrupted)
    assert execute(command(tmp_path)) == 130
    assert "the same command goes on from here" in capsys.readouterr().err


def test_help_does_not_wait_for_torch() -> None:
    code = """import sys, app.cli
assert app.cli.execute(["experiment", "digits", "--help"]) == 0
assert "torch" not in sys.modules"""
    subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True
    )
