"""Which processor the networks run on, and what it does with memory between two layers."""

import ctypes
import platform

import torch

# Of glibc's malloc.h
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = 2**31 - 1


# What is said where there is no class for it
NO_MEMORY = ("can't allocate memory", "CUDA error: out of memory", "STATUS_ALLOC_FAILED")


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


def keep_freed_memory(device: torch.device) -> None:
    """On a CPU, have this process keep the memory that layers have freed for the layers after them.

    By default glibc returns the memory of each large tensor to the kernel, which zeroes it for the next
    layer. For eight samples of 256 pixels that can take a quarter of the time. The process keeps the memory
    of its peak.
    """
    if device.type == "cpu" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, NEVER)


def is_out_of_memory(error: Exception) -> bool:
    """Whether it says that there is too little memory, the machine's or the device's."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in NO_MEMORY)


def canonical(device: torch.device) -> str:
    """The same for the same processor: cuda:0 for cuda as well."""
    return "cuda:0" if str(device) == "cuda" else str(device)


def describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"CUDA, {torch.cuda.get_device_name(device)}"
    return f"CPU, {torch.get_num_threads()} threads"
