"""The tensors of a checkpoint that nobody vouches for, by way of a process with limits."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from translation.card import CorruptWeights, InvalidBundle, UnsafeWeights
from translation.published import unpickle

MAX_BYTES = 4 << 30  # of memory: torch takes about one by itself
TIMEOUT_S = 120.0

REFUSALS: dict[int, type[InvalidBundle]] = {
    unpickle.UNSAFE: UnsafeWeights,
    unpickle.NO_CHECKPOINT: CorruptWeights,
}


def read_checkpoint(
    path: Path, max_bytes: int = MAX_BYTES, timeout_s: float = TIMEOUT_S
) -> dict[str, Tensor]:
    """The state dict, on the CPU. Raises UnsafeWeights, CorruptWeights; nothing that the file says is run."""
    with TemporaryDirectory() as folder:
        tensors = Path(folder) / "tensors.safetensors"
        # -P: not a torch.py of the folder that the user is in
        command = [sys.executable, "-P", unpickle.__file__, str(path.resolve()), str(tensors), str(max_bytes)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise CorruptWeights(f"{path.name} is not read after {timeout_s:g} s: given up") from error
        if done.returncode:
            raise _refusal(path.name, done, max_bytes)
        try:
            return safetensors.torch.load_file(tensors)
        except SafetensorError as error:
            raise CorruptWeights(f"{path.name}: {error}") from error


def _refusal(name: str, done: subprocess.CompletedProcess[str], max_bytes: int) -> InvalidBundle:
    if done.returncode in REFUSALS:
        return REFUSALS[done.returncode](f"{name} {done.stdout}")
    if done.returncode == unpickle.TOO_LARGE:
        return CorruptWeights(f"{name} needs more memory than it may have, {max_bytes / 1e9:.3g} GB")
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return CorruptWeights(f"{name} cannot be read: {last}")
