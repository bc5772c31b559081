"""A run on each kind of device, from its first step to its bundle, and from one kind to the other."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

import training.run
from training.callbacks import Callback
from training.checkpoint import CheckpointFolder
from training.interruption import Interrupted
from training.run import resume
from training.trainer import StepReport
from translation.card import read_card
from translation.sampler import Sampler
from translation.weights import load_bundle

Train = Callable[..., Path]
ALL = (
    "training.precision=auto",
    "optimisation.replay_pairs=4",
    "training.micro_batch=1",
    "training.activation_checkpointing=true",
    'objective.augmentation=["colour", "translation", "cutout"]',
    "objective.weights.code_recovery=0.1",
    "objective.weights.identity=0.1",
    "objective.reach=[[0.0, 1.0], [0.5, 0.0]]",
    "evaluation.every=3",
    "data.validation_share=0.4",
)


class StopsAt(Callback):
    """In the place of the progress line."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self) -> "StopsAt":
        return self

    def on_step(self, report: StepReport) -> None:
        self.steps.append(report.step)
        if report.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_run_with_everything_ends_in_a_bundle_that_paints(
    train_tiny: Train, colours: Path, pair: tuple[Path, Path], device: torch.device, tmp_path: Path
) -> None:
    overrides = [*ALL, f"evaluation.features={colours}"]
    run = train_tiny(overrides=overrides, out=tmp_path / "run", device=str(device))
    bundle = load_bundle(run / "bundle")
    assert bundle.card.metrics["validation"]["last"]["step"] == 6
    with Image.open(pair[0] / "0.png") as picture:
        mean_code = torch.zeros(1, bundle.model.code_size)
        (sample,) = Sampler(bundle.model, 16, device)(picture, "striped", mean_code)
    assert sample.size == picture.size


@pytest.mark.parametrize("leaves", [False, True], ids=["comes from the cpu", "goes to the cpu"])
def test_a_run_goes_on_on_another_device(
    leaves: bool, train_tiny: Train, device: torch.device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (str(device), "cpu") if leaves else ("cpu", str(device))
    with monkeypatch.context() as patched:
        patched.setattr(training.run, "Progress", StopsAt())
        with pytest.raises(Interrupted):
            train_tiny(out=tmp_path / "run", device=first)
    assert CheckpointFolder(tmp_path / "run/checkpoints").steps()[-1] == 3
    seen = StopsAt()
    monkeypatch.setattr(training.run, "Progress", seen)
    resume(tmp_path / "run", second)
    assert seen.steps == [4, 5, 6]
    assert read_card(tmp_path / "run/bundle")[0].steps == 6


@pytest.mark.gpu
@pytest.mark.usefixtures("_gpu")
def test_compiled_generators_learn(
    train_tiny: Train, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = train_tiny(overrides=["training.compile=true"], out=tmp_path / "run", device="cuda")
    assert read_card(run / "bundle")[0].steps == 6
    assert "uncompiled" not in caplog.text
