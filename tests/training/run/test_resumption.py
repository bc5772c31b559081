"""A run that a signal stops or that is killed ends, once resumed, as if nothing had been."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import training.run
from training.callbacks import Callback
from training.checkpoint import CheckpointFolder, RunInUse
from training.config import BadRecipe
from training.domains import BadDataset
from training.interruption import Interrupted
from training.run import resume, train
from training.trainer import StepReport
from translation.card import read_card
from translation.weights import load_bundle

Train = Callable[..., Path]

STEPS = 6
STOP_AT = 4


def assert_ended_as(straight: Path, run: Path) -> None:
    """Bit for bit: weights, average, optimisers, random state; what was logged, drawn and published."""
    ends = [CheckpointFolder(path / "checkpoints").load_latest() for path in (straight, run)]
    torch.testing.assert_close(*ends, rtol=0, atol=0)
    assert logged(run) == logged(straight)
    assert sum("nell" in row for row in logged(run)) == STEPS
    assert read_card(run / "bundle")[0].files == read_card(straight / "bundle")[0].files
    for grid in (straight / "samples").iterdir():
        assert (run / "samples" / grid.name).read_bytes() == grid.read_bytes()


def logged(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "time"} for line in lines]


class StopsAt(Callback):
    """In the place of the progress line: SIGINT or SIGTERM to this process at the end of a step."""

    def __init__(self, step: int, number: signal.Signals) -> None:
        self.step = step
        self.number = number

    def __call__(self) -> "StopsAt":
        return self

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step:
            os.kill(os.getpid(), self.number)
            assert signal.getsignal(self.number) == signal.SIG_DFL  # a second one is not waited for


class TakesAwayAt(Callback):
    """In the place of the progress line: the folder goes at the end of a step, as a drive that fails does."""

    def __init__(self, step: int, folder: Path) -> None:
        self.step = step
        self.folder = folder

    def __call__(self) -> "TakesAwayAt":
        return self

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step:
            self.folder.rename(self.folder.with_name("elsewhere"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_between_two_steps_and_costs_nothing(
    number: signal.Signals, straight: Path, train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(training.run, "Progress", StopsAt(STOP_AT, number))
    with pytest.raises(Interrupted, match=f"sjmvi train --resume {run}") as caught:
        train_tiny(out=run)
    assert (caught.value.run, caught.value.signal_number) == (run, number)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert CheckpointFolder(run / "checkpoints").steps()[-1] == STOP_AT
    assert load_bundle(run / "bundle").card.steps == STOP_AT

    monkeypatch.setattr(training.run, "Progress", StopsAt(STEPS, number))  # too late to stop anything
    assert resume(run, device="cpu") == run
    assert_ended_as(straight, run)


def test_pictures_that_go_amid_a_run_end_it_and_cost_nothing(
    straight: Path, pair: tuple[Path, Path], tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plain = tmp_path / "run", shutil.copytree(pair[0], tmp_path / "plain")
    monkeypatch.setattr(training.run, "Progress", TakesAwayAt(STOP_AT, plain))
    overrides = ["data.cache_bytes=0", "data.workers=0", "training.checkpoint_every_s=1e9"]
    with pytest.raises(BadDataset, match=f"pictures beside {plain}/.* cannot be read"):
        train(plain, pair[1], tiny, overrides=overrides, device="cpu", out=run)
    assert CheckpointFolder(run / "checkpoints").steps()[-1] == STOP_AT
    plain.with_name("elsewhere").rename(plain)
    resume(run, device="cpu")
    assert_ended_as(straight, run)


def test_a_run_may_go_on_with_other_means(
    train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training.run, "Progress", StopsAt(1, signal.SIGINT))
    with pytest.raises(Interrupted):
        train_tiny(overrides=["training.steps=3"], out=tmp_path)
    assert "activations 2 x" in capsys.readouterr().err
    with pytest.raises(BadRecipe, match="a run that goes on can change training.micro_batch"):
        resume(tmp_path, "cpu", ["training.steps=4"])
    monkeypatch.setattr(training.run, "Progress", StopsAt(2, signal.SIGINT))
    with pytest.raises(Interrupted):
        resume(tmp_path, "cpu", ["training.micro_batch=1"])
    assert "activations 1 x" in capsys.readouterr().err
    monkeypatch.setattr(training.run, "Progress", StopsAt(3, signal.SIGINT))  # too late to stop anything
    resume(tmp_path, "cpu")
    assert "activations 1 x" in capsys.readouterr().err
    assert read_card(tmp_path / "bundle")[0].steps == 3


def test_kill_9_costs_the_steps_since_the_last_checkpoint(
    straight: Path, pair: tuple[Path, Path], tiny: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-c", STALLING_RUN, *map(str, pair), tiny, str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stalled\n"
        written = run / "checkpoints" / "half.part"
        written.touch()
        with pytest.raises(RunInUse, match=f"process {process.pid} on"):
            resume(run, device="cpu")
        assert written.exists()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert sum("nell" in row for row in logged(run)) == STOP_AT
    assert CheckpointFolder(run / "checkpoints").steps()[-1] == STOP_AT - 1
    assert not (run / "bundle").exists()
    resume(run, device="cpu")
    assert_ended_as(straight, run)


def test_the_bundle_that_a_run_started_from_may_be_gone(
    straight: Path, train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, bundle = tmp_path / "run", shutil.copytree(straight / "bundle", tmp_path / "bundle")
    monkeypatch.setattr(training.run, "Progress", StopsAt(1, signal.SIGINT))
    with pytest.raises(Interrupted):
        train_tiny(overrides=[f"training.start_from={bundle}", "training.steps=2"], out=run)
    shutil.rmtree(bundle)
    resume(run, device="cpu")
    card = load_bundle(run / "bundle").card
    assert card.steps == 2
    assert [ancestor.steps for ancestor in card.lineage] == [STEPS]


STALLING_RUN = f"""
import sys, time
from pathlib import Path
import torch, training.run

class Stalling(training.run.SampleGrid):
    def on_step(self, report):
        super().on_step(report)
        if report.step == {STOP_AT}:
            print("stalled", flush=True)
            time.sleep(600)

training.run.SampleGrid = Stalling
torch.set_num_threads(1)
first, second, recipe, out = sys.argv[1:]
training.run.train(Path(first), Path(second), recipe, out=Path(out))
"""
