"""Residual blocks that are computed again in the backward pass: the same gradients of less memory."""

import runpy
from pathlib import Path

import pytest
import torch

from training.memory import kept_for_a_pair

JOINT = runpy.run_path(str(Path(__file__).with_name("joint_step.py")))
ON = "training.activation_checkpointing=true"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_changes_no_bit_of_a_gradient(precision: str) -> None:
    said = (f"training.precision={precision}", "model.generator.blocks=2")
    plain, again = JOINT["step"](*said), JOINT["step"](*said, ON)
    torch.testing.assert_close(again, plain, rtol=0, atol=0)


def test_keeps_less_for_the_backward_pass(tmp_path: Path) -> None:
    said = ("model.generator.blocks=6", "model.generator.width=16")
    plain, again = (
        kept_for_a_pair(JOINT["trainer_of"](*said, *more, folder=tmp_path), 32) for more in ([], [ON])
    )
    assert again < 0.7 * plain
