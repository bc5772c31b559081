"""Which processor the networks run on."""

import torch


class NoSuchDevice(ValueError): ...


def pick_device(name: str) -> torch.device:
    """CUDA for auto where it is present. Raises NoSuchDevice."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise NoSuchDevice(f"{name}: {str(error).splitlines()[0]}") from error
    return device


def canonical(device: torch.device) -> str:
    """The same for the same processor: cuda:0 for cuda as well."""
    return "cuda:0" if str(device) == "cuda" else str(device)


def describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"CUDA, {torch.cuda.get_device_name(device)}"
    return f"CPU, {torch.get_num_threads()} threads"
