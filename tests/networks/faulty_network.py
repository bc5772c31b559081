"""What may go wrong in the process that has the device. Each of these runs there in place of the real thing,
which it spoils and then goes on with; a folder is what the tests and that process both see.

The process finds this file by sys.path, for which pyproject.toml puts its folder there.
"""

import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep

import torch

from app.engine.network import run
from translation.sampler import Sampler, SampleRequest, SampleResult

Fault = Callable[[Sequence[SampleRequest], int], None]
ENTERED, OPENED, ASKED_FOR = "entered", "opened", "asked for"


def gated(folder: Path, *arguments: object) -> None:
    """Each batch is written into the folder, and waits there until it may pass."""
    run_with(partial(wait, folder), *arguments)


def wait(folder: Path, requests: Sequence[SampleRequest], batch: int) -> None:
    with (folder / ENTERED).open("a") as file:
        print(batch, *(each.seed for each in requests for _ in each.indices), file=file)
    while not (folder / OPENED).exists():
        sleep(0.005)


def short_of_memory(most: int, *arguments: object) -> None:
    """Batches of more than `most` do not fit."""
    run_with(lambda requests, batch: allocate(most, batch), *arguments)


def allocate(most: int, batch: int) -> None:
    if batch > most:
        raise torch.OutOfMemoryError("CUDA out of memory. GPU 0 has a total capacity of 8 GiB")


def gated_and_short_of_memory(folder: Path, most: int, *arguments: object) -> None:
    def wait_and_allocate(requests: Sequence[SampleRequest], batch: int) -> None:
        wait(folder, requests, batch)
        allocate(most, batch)

    run_with(wait_and_allocate, *arguments)


def lost_once(folder: Path, *arguments: object) -> None:
    """As a CUDA error is, which all later calls of its process meet as well."""

    def fail(_: Sequence[SampleRequest], batch: int) -> None:
        if not first_time(folder):
            return
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    run_with(fail, *arguments)


def killed_once(folder: Path, *arguments: object) -> None:
    """As by the system when it is short of memory."""

    def die(_: Sequence[SampleRequest], batch: int) -> None:
        if first_time(folder):
            os.kill(os.getpid(), signal.SIGKILL)

    run_with(die, *arguments)


def hung_once(folder: Path, *arguments: object) -> None:
    def hang(_: Sequence[SampleRequest], batch: int) -> None:
        if first_time(folder):
            sleep(600)

    run_with(hang, *arguments)


def wrong(*arguments: object) -> None:
    def fail(_: Sequence[SampleRequest], batch: int) -> None:
        raise ZeroDivisionError("a secret of the inside")

    run_with(fail, *arguments)


def cold(folder: Path, times: int, *arguments: object) -> None:
    """Warming up fails, so many times."""
    warm_up = Sampler.warm_up

    def fail(sampler: Sampler) -> None:
        failures = folder / "failures"
        count = len(failures.read_text()) if failures.exists() else 0
        if count < times:
            failures.write_text("x" * (count + 1))
            raise ZeroDivisionError("a secret of the inside")
        warm_up(sampler)

    Sampler.warm_up = fail  # type: ignore[method-assign]
    run(*arguments)  # type: ignore[arg-type]


def lost_at_warm_up(folder: Path, *arguments: object) -> None:
    """Once, and only from when it is asked for."""
    warm_up = Sampler.warm_up

    def fail(sampler: Sampler) -> None:
        if (folder / ASKED_FOR).exists() and first_time(folder):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        warm_up(sampler)

    Sampler.warm_up = fail  # type: ignore[method-assign]
    run(*arguments)  # type: ignore[arg-type]


def deaf(*arguments: object) -> None:
    """It hangs before it reads anything."""
    sleep(600)


def first_time(folder: Path) -> bool:
    try:
        (folder / "happened").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def run_with(fault: Fault, connection: Connection, device: str, max_models_bytes: int) -> None:
    """The real thing, with `fault` before each batch."""
    sample = Sampler.sample

    def faulty(sampler: Sampler, requests: Sequence[SampleRequest], batch: int) -> list[SampleResult]:
        fault(requests, batch)
        return sample(sampler, requests, batch)

    Sampler.sample = faulty  # type: ignore[method-assign]
    run(connection, device, max_models_bytes)
