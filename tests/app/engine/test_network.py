"""Inside the process that has the device: what an error there means to the service."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from app.engine.models import WarmModels
from app.engine.network import answer
from app.engine.orders import Order, Outcome, Version
from translation.sampler import Sampler, SampleRequest
from translation.weights import load_bundle

ERRORS: list[tuple[Exception, Outcome]] = [
    (torch.OutOfMemoryError("CUDA out of memory."), Outcome.OUT_OF_MEMORY),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory"), Outcome.OUT_OF_MEMORY),
    (RuntimeError("CUDA error: out of memory"), Outcome.OUT_OF_MEMORY),
    (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), Outcome.OUT_OF_MEMORY),
    (MemoryError(), Outcome.OUT_OF_MEMORY),
    (RuntimeError("CUDA error: an illegal memory access was encountered"), Outcome.DEVICE_LOST),
    (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), Outcome.DEVICE_LOST),
    (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), Outcome.FAILED),
    (KeyError("a mistake of ours"), Outcome.FAILED),
]


@pytest.mark.parametrize(("error", "outcome"), ERRORS, ids=lambda value: str(value)[:40])
def test_errors_differ_in_what_helps(
    error: Exception, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(models: WarmModels, version: Version) -> None:
        raise error

    monkeypatch.setattr(WarmModels, "get", fail)
    models = WarmModels(torch.device("cpu"), 0)
    assert answer(Order(Version("tiny", Path(), "")), models).outcome is outcome


def test_the_machines_own_shortage_of_memory_is_known() -> None:
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.empty(1 << 46)


def test_a_folder_with_another_version_is_no_model(tiny_bundle: Path) -> None:
    reply = answer(Order(Version("tiny", tiny_bundle, "0" * 64)), WarmModels(torch.device("cpu"), 0))
    assert reply.outcome is Outcome.INVALID_BUNDLE
    assert "another version" in reply.text


@pytest.mark.parametrize("max_bytes", [1, 1 << 30])
def test_a_try_out_that_does_not_fit_takes_nobodys_place(
    tiny_bundle: Path, retrained: Path, monkeypatch: pytest.MonkeyPatch, max_bytes: int
) -> None:
    serving, other = (
        Version(folder.name, folder, load_bundle(folder).digest) for folder in (tiny_bundle, retrained)
    )
    wanted = SampleRequest(Image.new("RGB", (32, 32)), "zebra", 7, range(1))
    models = WarmModels(torch.device("cpu"), max_bytes)
    assert answer(Order(serving), models).outcome is Outcome.DONE
    with monkeypatch.context() as short:
        short.setattr(Sampler, "warm_up", no_memory)
        for order, warm in ((Order(other), (serving,)), (Order(other, (wanted,)), ())):
            reply = answer(order, models)
            assert reply.outcome is Outcome.OUT_OF_MEMORY
            assert reply.warmth.models == warm  # all make room only for what somebody waits for
    assert answer(Order(other), models).warmth.models == (other,)


def no_memory(sampler: Sampler) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.")
