"""A checkpoint to safetensors, in a process of its own: python unpickle.py CHECKPOINT SAFETENSORS MAX_BYTES

torch unpickles tensors and containers alone (weights_only) and calls nothing that the file names. The limits
are for what that leaves: a file that fills the memory or the disk. On stdout, the reason of a refusal.
Imports nothing of ours, so that it can be started from any folder.
"""

import pickle
import re
import resource
import sys

import safetensors.torch
import torch
from torch import Tensor

UNSAFE, NO_CHECKPOINT, TOO_LARGE = 3, 4, 5  # exit codes


class Refused(Exception):
    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


def main(source: str, target: str, max_bytes: int) -> int:
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (max_bytes, max_bytes))
    try:
        safetensors.torch.save_file(read(source), target)
    except Refused as refused:
        sys.stdout.write(str(refused))
        return refused.exit_code
    except MemoryError:
        return TOO_LARGE
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        return TOO_LARGE
    return 0


def read(source: str) -> dict[str, Tensor]:
    """The state dict in a checkpoint. Raises Refused, MemoryError, RuntimeError where memory is out."""
    return plain(state_dict(load(source)))


def load(source: str) -> object:
    """Raises Refused."""
    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise Refused(UNSAFE, _why(named[1] if named else None)) from error
    except (EOFError, ValueError, LookupError) as error:
        raise Refused(NO_CHECKPOINT, "is cut short, or no checkpoint of torch.save") from error
    except RuntimeError as error:
        if "allocate memory" in str(error):
            raise
        raise Refused(NO_CHECKPOINT, f"cannot be read: {str(error).split('. ')[0]}") from error


def state_dict(loaded: object) -> dict[str, object]:
    """Of a network; what lies beside it (an epoch, an optimiser) is left. Raises Refused."""
    found = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(found, dict):
        raise Refused(NO_CHECKPOINT, f"holds a {type(found).__name__} where a state dict belongs")
    return found


def plain(state: dict[str, object]) -> dict[str, Tensor]:
    """Each with a storage of its own, as safetensors want it. Raises Refused."""
    tensors = {}
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise Refused(NO_CHECKPOINT, f"is no state dict: {name!r} is not a dense tensor")
        tensors[name] = tensor.detach().clone(memory_format=torch.contiguous_format)
    return tensors


def _why(called: str | None) -> str:
    if called:
        return f"wants {called} called where it is loaded, and a state dict wants nothing: none of it was run"
    return "is no checkpoint of torch.save, or holds more than tensors: none of it was run"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
