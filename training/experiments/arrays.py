"""Published sets of digits as .npz files: read whole, checked, refused with what is wanted."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from training.domains import BadDataset

Arrays = Mapping[str, NDArray[np.uint8]]
Shapes = Mapping[str, tuple[int, ...]]

# RuntimeError where the damage is in what says how an array was packed
UNREADABLE = (OSError, ValueError, TypeError, EOFError, BadZipFile, RuntimeError, zlib.error)


def read_arrays(path: Path, shapes: Shapes, wanted: str) -> Arrays:
    """uint8 arrays by name: of any length, and of the given shape beyond it.

    Raises BadDataset, which ends in `wanted`.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in shapes}
    except FileNotFoundError as error:
        raise BadDataset(f"there is no {path}; {wanted}") from error
    except UNREADABLE as error:
        raise BadDataset(f"{path} is not a .npz of arrays ({error}); {wanted}") from error
    except KeyError as error:
        raise BadDataset(f"{path}: {error.args[0]}; {wanted}") from error
    for name, array in arrays.items():
        if array.dtype != np.uint8 or array.ndim == 0 or array.shape[1:] != shapes[name]:
            raise BadDataset(f"{path}: {name} is {array.dtype} of shape {array.shape}; {wanted}")
    return arrays
