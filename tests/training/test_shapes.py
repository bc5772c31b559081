"""Compiled generators: what they learn is the same, and what cannot be compiled is no reason to stop."""

import logging
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

import training.shapes
from training.checkpoint import rng_state
from training.shapes import compile_generators, tune_for_fixed_shapes

JOINT = runpy.run_path(str(Path(__file__).with_name("parts") / "joint_step.py"))


def refuses(graph: object, inputs: object) -> Any:  # noqa: ANN401
    raise RuntimeError("no compiler was found")


def test_what_cannot_be_compiled_goes_on_as_it_is_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # or the compiler tells all
    monkeypatch.setattr(training.shapes, "BACKEND", refuses)
    trainer = JOINT["trainer_of"](folder=tmp_path)
    before = rng_state()["cpu"]
    compile_generators(trainer, 16)
    assert "goes on uncompiled" in caplog.text
    assert "no compiler was found" in caplog.text
    assert torch.equal(rng_state()["cpu"], before)
    assert all(weight.grad is None for weight in trainer.learner.model.parameters())
    source = torch.zeros(1, 3, 16, 16)
    assert trainer.learner.model.z_given_x(source).mean.isfinite().all()


def test_a_cpu_is_left_as_it_is() -> None:
    before = torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()
    tune_for_fixed_shapes(torch.device("cpu"))
    assert (torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()) == before


def test_cuda_is_tuned_for_one_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    precision = torch.get_float32_matmul_precision()
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    tune_for_fixed_shapes(torch.device("cuda"))
    assert torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision(precision)
