"""Compiled generators: what they learn is the same, and what cannot be compiled is no reason to stop."""

import logging
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import training.shapes
from training.random_state import rng_state
from training.recipe import Precision
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


@pytest.fixture(name="as_found")
def _as_found() -> Iterator[None]:
    cudnn, precision = torch.backends.cudnn, torch.get_float32_matmul_precision()
    found = cudnn.benchmark, cudnn.allow_tf32
    yield
    torch.set_float32_matmul_precision(precision)
    cudnn.benchmark, cudnn.allow_tf32 = found


@pytest.mark.usefixtures("as_found")
def test_a_cpu_is_left_as_it_is() -> None:
    before = torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()
    tune_for_fixed_shapes(torch.device("cpu"), "auto")
    assert (torch.backends.cudnn.benchmark, torch.get_float32_matmul_precision()) == before


@pytest.mark.usefixtures("as_found")
@pytest.mark.parametrize(
    ("precision", "matrices", "has_tf32"),
    [("auto", "high", True), ("bfloat16", "high", True), ("float32", "highest", False)],
)
def test_cuda_is_tuned_for_one_shape_and_float32_is_float32(
    precision: Precision, matrices: str, has_tf32: bool
) -> None:
    torch.backends.cudnn.benchmark = False
    tune_for_fixed_shapes(torch.device("cuda"), precision)
    assert torch.backends.cudnn.benchmark
    assert torch.get_float32_matmul_precision() == matrices
    assert torch.backends.cudnn.allow_tf32 == has_tf32
