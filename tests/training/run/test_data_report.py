"""A run begins with a look at its pictures, kept in it; it goes on whatever was found."""

import json
import logging
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import training.doctor.for_run
from training.domains import BadDataset
from training.interruption import Interrupted
from training.run import resume, train

Train = Callable[..., Path]


def test_the_report_and_the_sheet_lie_in_the_run(straight: Path) -> None:
    report = json.loads((straight / "data.json").read_text())
    assert [(each["folder"], each["pictures"]) for each in report["folders"]] == [
        ("plain", 12),
        ("striped", 9),
    ]
    assert report["training_size"] == 16
    assert (straight / "data.html").read_text().count("<img") == 21


def test_a_run_warns_and_goes_on(
    pair: tuple[Path, Path], tiny: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = Path(shutil.copytree(pair[0], tmp_path / "plain"))
    shutil.copy(pair[1] / "0.png", plain / "stray.png")
    with caplog.at_level(logging.WARNING):
        run = train(plain, pair[1], tiny, overrides=["training.steps=1"], out=tmp_path / "run", device="cpu")
    said = [record.getMessage() for record in caplog.records]
    assert any("in the other domain; keep each" in line for line in said)
    assert any(str(run / "data.html") in line for line in said)
    assert (run / "bundle").is_dir()


def test_a_resumed_run_does_not_look_again(straight: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(straight, tmp_path / "run"))
    (run / "data.json").unlink()
    resume(run, device="cpu")
    assert not (run / "data.json").exists()


def test_a_signal_while_it_looks_is_an_interruption_to_go_on_from(
    train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        if done == 3:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(training.doctor.for_run, "show_count", stop)
    with pytest.raises(Interrupted, match="--resume"):
        train_tiny(out=tmp_path / "run", overrides=["training.steps=1"])
    assert not (tmp_path / "run" / "data.json").exists()
    monkeypatch.undo()
    assert (resume(tmp_path / "run", device="cpu") / "bundle").is_dir()
    assert (tmp_path / "run" / "data.json").exists()


def test_a_folder_of_which_too_much_is_lost_is_refused_before_anything_is_learned(
    pair: tuple[Path, Path], tiny: str, tmp_path: Path
) -> None:
    plain = Path(shutil.copytree(pair[0], tmp_path / "plain"))
    (plain / "5.png").write_bytes(b"cut short")
    with pytest.raises(
        BadDataset, match="1 of 12 pictures in .*plain cannot be read; remove or replace them"
    ):
        train(plain, pair[1], tiny, overrides=["data.cache_bytes=0"], out=tmp_path / "run", device="cpu")
    assert not (tmp_path / "run" / "checkpoints").exists()
    assert "too-many-unreadable" in (tmp_path / "run" / "data.json").read_text()
    (plain / "5.png").unlink()  # and the same command begins it
    run = train(plain, pair[1], tiny, overrides=["training.steps=1"], out=tmp_path / "run", device="cpu")
    assert (run / "bundle").is_dir()
