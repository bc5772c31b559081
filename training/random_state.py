"""What torch draws next: left alone by what only looks, and kept by a run that is to go on from it."""

from contextlib import AbstractContextManager
from typing import Any

import torch


def random_state_kept(device: torch.device) -> AbstractContextManager[None]:
    """Within, what is drawn on the CPU and on that device changes nothing of what is drawn after it."""
    return torch.random.fork_rng([device] if device.type == "cuda" else [])


def rng_state() -> dict[str, Any]:
    """What torch would draw next, on the CPU and on every CUDA device in use."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_rng_state(state: dict[str, Any]) -> None:
    """Of rng_state, wherever its tensors were loaded to; devices that are not there are left out."""
    torch.set_rng_state(state["cpu"].cpu())
    if torch.cuda.is_available():
        for device, cuda in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
            torch.cuda.set_rng_state(cuda.cpu(), device)
