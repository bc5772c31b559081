"""A file from a stranger: its tensors come through, and nothing of it is ever run.

Starting a process takes seconds: what is read and what is refused is tried in this one, and once in that.
"""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from translation.card import CorruptWeights, UnsafeWeights
from translation.published import unpickle
from translation.published.checkpoint import read_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol", "ignore:Validating sparse")

TENSORS = {"model.1.weight": torch.arange(6.0).view(2, 3), "model.1.bias": torch.ones(2)}


class Touch:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.path,)


def saved(value: object, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


STORED = {
    "as it is": lambda: saved(TENSORS),
    "by old versions of torch": lambda: saved(TENSORS, legacy=True),
    "in a checkpoint": lambda: saved({"epoch": 200, "state_dict": TENSORS}),
    "as parameters": lambda: saved({name: nn.Parameter(tensor) for name, tensor in TENSORS.items()}),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "G.pth"


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_the_state_dict_is_read(stored: Callable[[], bytes], path: Path) -> None:
    path.write_bytes(stored())
    torch.testing.assert_close(unpickle.read(str(path)), TENSORS, rtol=0, atol=0)


def test_the_state_dict_comes_out_of_the_process(path: Path) -> None:
    path.write_bytes(saved(TENSORS))
    torch.testing.assert_close(read_checkpoint(path), TENSORS, rtol=0, atol=0)


HOSTILE: dict[str, Callable[[Touch], bytes]] = {
    "torch.save": lambda touch: saved(TENSORS | {"model.1.bias": touch}),
    "old torch.save": lambda touch: saved(TENSORS | {"model.1.bias": touch}, legacy=True),
    "beside the state dict": lambda touch: saved({"state_dict": TENSORS, "optimiser": touch}),
    "pickle protocol 0": lambda touch: pickle.dumps(touch, 0),
    "pickle protocol 5": lambda touch: pickle.dumps(touch, 5),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_would_run_code_is_refused_and_runs_nothing(
    hostile: Callable[[Touch], bytes], path: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    path.write_bytes(hostile(Touch(trace)))
    with pytest.raises(unpickle.Refused, match="none of it was run$") as refused:
        unpickle.read(str(path))
    assert refused.value.exit_code == unpickle.UNSAFE
    assert not trace.exists()
    assert "weights_only" not in str(refused.value)  # torch's own message says how to run it
    pickle.loads(pickle.dumps(Touch(trace)))
    assert trace.exists()  # it would have


def test_the_message_names_what_would_be_called(path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path.write_bytes(saved({"model.1.weight": Touch(trace)}))
    with pytest.raises(UnsafeWeights, match=r"^G\.pth wants posix\.mkdir called .* none of it was run$"):
        read_checkpoint(path)
    assert not trace.exists()


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "cut short"),
    "truncated": (lambda: saved(TENSORS)[:-200], "cannot be read: PytorchStreamReader failed"),
    "truncated by old versions": (lambda: saved(TENSORS, legacy=True)[:-4], "unexpected EOF"),
    "a list": (lambda: saved([torch.ones(1)]), "holds a list where a state dict belongs"),
    "a nested dict": (lambda: saved({"generator": TENSORS}), "'generator' is not a dense tensor"),
    "numbered tensors": (lambda: saved({1: torch.ones(1)}), "1 is not a dense tensor"),
    "a sparse tensor": (lambda: saved({"w": torch.eye(3).to_sparse()}), "'w' is not a dense tensor"),
}


@pytest.mark.parametrize(("broken", "message"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_none_is_refused(broken: Callable[[], bytes], message: str, path: Path) -> None:
    path.write_bytes(broken())
    with pytest.raises(unpickle.Refused, match=message) as refused:
        unpickle.read(str(path))
    assert refused.value.exit_code == unpickle.NO_CHECKPOINT


def test_a_small_file_that_fills_the_memory_is_refused(path: Path) -> None:
    path.write_bytes(saved({"model.1.weight": torch.zeros(1).expand(3 << 30)}))  # 12 GB of one number
    assert path.stat().st_size < 10_000
    with pytest.raises(CorruptWeights, match=r"more memory than it may have, 4\.29 GB"):
        read_checkpoint(path)


def test_a_file_that_takes_too_long_is_given_up(path: Path) -> None:
    path.write_bytes(saved(TENSORS))
    with pytest.raises(CorruptWeights, match=r"not read after 0\.01 s"):
        read_checkpoint(path, timeout_s=0.01)
