"""Several processes that train one model, each on its part of every batch: all that they do together.

Each process holds the whole model. Gradients are summed over the processes in buckets, after all backward
passes. DistributedDataParallel is not used: it wants one backward pass for each call of one forward. A step
here calls the maps in several ways (a call, `reconstruct`), each more than once, freezes one side while the
other learns, differentiates twice for R1, and may come in several parts. The price is that no communication
is hidden behind the backward pass: a hundred megabytes a step. Each process weighs its loss by its share of
the batch, so that the sum is the gradient of the whole batch, however it is split.

The gradients travel by NCCL between GPUs, everything else and everything between CPUs by Gloo.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch import distributed as dist

from training.checkpoint import RunLock
from training.config import BadRecipe
from translation.device import NoSuchDevice, pick_device

T = TypeVar("T")

BUCKET_BYTES = 32 << 20
PATIENCE = timedelta(hours=6)  # while the first inspects the pictures; one that has ended is noticed at once


class LostProcess(RuntimeError):
    """Another process of this training has ended before its time."""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together, alone by default. The first one alone writes files.

    What they do together waits for all of them. It raises LostProcess where one has ended.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def part(self) -> slice:
        """Of every batch, this process's; the parts differ by one pair at most."""
        return slice(self.rank, None, self.count)

    def wait(self) -> None:
        self.from_first(None)

    def first_does(self, work: Callable[[], object]) -> None:
        """The others wait: torchrun ends all of them as soon as one ends with an exit code."""
        if self.is_first:
            work()
        self.wait()

    def from_first(self, value: T) -> T:
        """The first process's value; tensors in it have to be on the CPU."""
        if self.count == 1:
            return value
        values = [value]
        with _together():
            dist.broadcast_object_list(values, src=0, device=torch.device("cpu"))
        return values[0]

    def signal(self, received: Sequence[int]) -> int:
        """The number of a signal that any of them has received, the same for all; 0 for none."""
        return int(self.highest([max(received, default=0)])[0])

    def highest(self, values: Sequence[float]) -> list[float]:
        """Each of the values where it is the highest of all processes'."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def total(self, values: Sequence[float]) -> list[float]:
        return self._reduced(values, dist.ReduceOp.SUM)

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """In place, over the processes: the same bits in each of them. All are of one type."""
        if self.count == 1:
            return
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.flatten() for tensor in bucket])
            with _together():
                dist.all_reduce(flat)
            sums = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, summed in zip(bucket, sums, strict=True):
                tensor.copy_(summed.view_as(tensor))

    def equalise_(self, tensors: Iterable[Tensor]) -> None:
        """In place: to what they are in the first process."""
        for tensor in tensors if self.count > 1 else ():
            with _together():
                dist.broadcast(tensor, src=0)

    def seed(self, seed: int, step: int) -> None:
        """Several processes draw different numbers, a function of (seed, rank, step) in whatever run.

        So a checkpoint need not hold the random state of each. One alone goes on with its own.
        """
        if self.count > 1:
            digest = sha256(f"{seed}/{self.rank}/{step}".encode()).digest()
            torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)

    def _reduced(self, values: Sequence[float], how: Any) -> list[float]:  # noqa: ANN401 - untyped in torch
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        with _together():
            dist.all_reduce(tensor, how)
        return cast("list[float]", tensor.tolist())


ALONE = Processes()


def is_first_process() -> bool:
    """Before and after they have joined."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str, batch_size: int) -> Iterator[tuple[Processes, torch.device]]:
    """Among the processes that torchrun started, or alone; and the processor that is this one's.

    Raises NoSuchDevice, and BadRecipe where a batch has no pair for some of them.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if batch_size < count:
        raise BadRecipe(f"training.batch_size is {batch_size}: {count} processes need a pair each, at least")
    if count == 1:
        yield ALONE, pick_device(device)
        return
    processor = _own_device(device, count)
    backend = "cpu:gloo,cuda:nccl" if processor.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    try:
        processes = Processes(dist.get_rank(), count)
        if not processes.is_first:  # what is worth a warning befalls all of them
            logging.getLogger(__package__).setLevel(logging.ERROR)
        yield processes, processor
    finally:
        dist.destroy_process_group()


@contextmanager
def held(run: Path, processes: Processes) -> Iterator[None]:
    """The lock on a run's folder, taken by the first for all; the others wait until it has it.

    Raises RunInUse, and in the others LostProcess.
    """
    with RunLock(run) if processes.is_first else nullcontext():
        processes.wait()
        yield


def _own_device(name: str, count: int) -> torch.device:
    device = pick_device(name)
    if device.type != "cuda":
        return device
    if device.index is not None:
        raise NoSuchDevice(f"{name} is one device for {count} processes: give cuda, and each takes its own")
    device = pick_device(f"cuda:{os.environ['LOCAL_RANK']}")
    torch.cuda.set_device(device)
    return device


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for tensor in tensors:
        bucket.append(tensor)
        if sum(each.nbytes for each in bucket) >= BUCKET_BYTES:
            yield bucket
            bucket = []
    if bucket:
        yield bucket


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostProcess(
            "another process of this training has ended: its own message, if it had one, says why"
        ) from error
