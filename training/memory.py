"""What a training holds in memory: what no batch changes, and what every pair that is held at once adds.

    fixed     weights, gradients and Adam's two averages of maps and ratios; the maps' exponential average;
              the past draws that ratios go on learning from
    a pair    what autograd keeps of the maps' forward pass until the backward pass: measured on one pair

The ratios' pass keeps less. What a kernel needs for itself, and what the allocator loses, comes on top.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from training.learner import Learner
from training.random_state import random_state_kept
from training.trainer import Trainer

GB = 1e9
SLACK = 1.15  # of a pair: measured on a CPU over what autograd keeps
ADVICE = "a smaller training.micro_batch (of the same batch) or training.activation_checkpointing=true"
MEASURED_SIDE = 192  # pixels: of larger pictures what is kept grows as their area


class TooLittleMemory(RuntimeError):
    """The device cannot hold what a step needs."""


@dataclass(frozen=True)
class MemoryPlan:
    """In bytes; `available` to this process, what it holds already included, None where nobody says."""

    weights: int
    gradients: int
    adam: int
    average: int
    replay: int
    pair: int
    micro_batch: int
    available: int | None

    @property
    def fixed(self) -> int:
        return self.weights + self.gradients + self.adam + self.average + self.replay

    @property
    def total(self) -> int:
        return self.fixed + self.micro_batch * self.pair

    @property
    def fits(self) -> bool:
        return self.available is None or self.total <= self.available

    @property
    def largest_micro_batch(self) -> int | None:
        """By this estimate; 0 where not a single pair fits."""
        return None if self.available is None else max((self.available - self.fixed) // self.pair, 0)

    def __str__(self) -> str:
        parts = {
            "weights": self.weights,
            "gradients": self.gradients,
            "Adam": self.adam,
            "average": self.average,
            **({"past draws": self.replay} if self.replay else {}),
        }
        fixed = ", ".join(f"{name} {size / GB:.2f}" for name, size in parts.items())
        of = "" if self.available is None else f" of {self.available / GB:.1f}"
        return (
            f"memory, GB: {fixed}, activations {self.micro_batch} x {self.pair / GB:.2f}; "
            f"about {self.total / GB:.1f}{of}"
        )

    @property
    def warning(self) -> str | None:
        if self.fits:
            return None
        return f"this is likely to end for want of memory. Take {ADVICE}; --probe-batch says what fits"


def plan_memory(trainer: Trainer, size: int) -> MemoryPlan:
    """Of a trainer that has not begun, for pictures of that side."""
    learner = trainer.learner
    sides = (learner.maps_optimisation, learner.ratios_optimisation)
    trained = sum(weight.nbytes for side in sides for weight in side.parameters)
    average = sum(weight.nbytes for weight in learner.average.parameters())
    return MemoryPlan(
        weights=trained,
        gradients=trained,
        adam=2 * trained,
        average=average,
        replay=learner.replay.nbytes(size),
        pair=round(SLACK * kept_for_a_pair(trainer, size)),
        micro_batch=pairs_at_once(trainer),
        available=available_bytes(trainer.device, held=trained + average),
    )


def pairs_at_once(trainer: Trainer) -> int:
    """Those that one process holds."""
    return min(trainer.schedule.micro_batch, -(-trainer.schedule.batch_size // trainer.processes.count))


def kept_for_a_pair(trainer: Trainer, size: int) -> int:
    """Bytes that autograd keeps of the maps' pass over one pair. Leaves the random state alone."""
    side = min(size, MEASURED_SIDE)
    weights = {weight.untyped_storage().data_ptr() for weight in _weights(trainer.learner)}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # the tensor itself would hold its own graph

    with random_state_kept(trainer.device):
        x, z = torch.rand(2, 1, 3, side, side, device=trainer.device) * 2 - 1
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            _, terms = trainer.forward_maps(x, z)
            loss = trainer.objective.maps_loss(terms)  # holds the graph, so that no address comes twice
    del loss
    return sum(kept.values()) * size**2 // side**2


def _weights(learner: Learner) -> Iterator[Tensor]:
    for network in (learner.model, learner.networks):
        yield from network.parameters()
        yield from network.buffers()


def available_bytes(device: torch.device, held: int) -> int | None:
    """To this process in all; `held` is what it has of it already, on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) + torch.cuda.memory_reserved(device)
    left = [found for found in (_left_on_the_machine(), _left_in_the_container()) if found is not None]
    return min(left) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) + held if left else None


def _left_on_the_machine(source: Path = Path("/proc/meminfo")) -> int | None:
    """Linux alone tells it."""
    if not source.exists():
        return None
    fields = dict(line.split(":", 1) for line in source.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _left_in_the_container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """By control group, version 2; its page cache gives way."""
    limit = folder / "memory.max"
    if not limit.exists() or (most := limit.read_text().strip()) == "max":
        return None
    fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return int(most) - int((folder / "memory.current").read_text()) + int(fields["inactive_file"])


@contextmanager
def explained(run: Path, micro_batch: int) -> Iterator[None]:
    """Raises TooLittleMemory, with what to do, in the place of CUDA's own error."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        smaller = f"training.micro_batch={micro_batch // 2}"
        change = smaller if micro_batch > 1 else "training.activation_checkpointing=true"
        raise TooLittleMemory(
            f"the device has too little memory for {micro_batch} pairs at once. Checkpoints are kept: go on "
            f"with sjmvi train --resume {run} --set {change}. A step takes less with {ADVICE}; a smaller "
            f"training.batch_size or data.size is a run of its own ({str(error).splitlines()[0]})"
        ) from error
