"""Named tensors in safetensors files: finite, of the names and shapes that are wanted, and never pickle."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from translation import durable
from translation.card import CorruptWeights, DigestMismatch, WeightsMismatch, read_file, refuse_pickle

MAX_SHARD_BYTES = 15_000_000  # that much is taken wherever files are handed on


def write_tensors(
    folder: Path, tensors: Mapping[str, Tensor], max_shard_bytes: int = MAX_SHARD_BYTES
) -> dict[str, str]:
    """Write a file for each network, the first part of a name, or several of up to `max_shard_bytes`.
    Returns the sha256 of each file by its name, which has the hash in it."""
    files = {}
    for network, shard in _shards(tensors, max_shard_bytes):
        data = safetensors.torch.save(shard)
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{network}.{sha256[:12]}.safetensors"
        files[name] = sha256
        durable.write(folder / name, data)
    return files


def stored(tensors: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors as they are written: floating-point ones as `dtype`. Raises CorruptWeights."""
    converted = {}
    for name, tensor in tensors.items():
        on_cpu = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None)
        converted[name] = _finite(name, on_cpu).contiguous()
    return converted


def _shards(tensors: Mapping[str, Tensor], max_bytes: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Each file's network and tensors: a network's own, in order, as many as fit."""
    for network, names in groupby(tensors, key=lambda name: name.split(".")[0]):
        shard: dict[str, Tensor] = {}
        for name in names:
            if shard and sum(tensor.nbytes for tensor in (*shard.values(), tensors[name])) > max_bytes:
                yield network, shard
                shard = {}
            shard[name] = tensors[name]
        yield network, shard


def read_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """Nothing is parsed before the file is known to be the one that the card names.

    Raises MissingBundle, UnsafeWeights, DigestMismatch, CorruptWeights.
    """
    data = read_file(path)
    refuse_pickle(path, data)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DigestMismatch(f"{path.name} is not the file that the card names: its sha256 differs")
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, KeyError) as error:
        raise CorruptWeights(f"{path.name}: {error}") from error


def matched(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as the networks want them. Raises WeightsMismatch, CorruptWeights."""
    given, wanted = ({name: _form(tensor) for name, tensor in state.items()} for state in (tensors, expected))
    faults = [
        f"{name} is {given.get(name, 'missing')} where {wanted.get(name, 'nothing')} belongs"
        for name in sorted(given.keys() | wanted.keys())
        if given.get(name) != wanted.get(name)
    ]
    if faults:
        raise WeightsMismatch(f"{len(faults)} tensors do not fit: {'; '.join(faults[:5])}")
    return {name: _finite(name, tensor.to(expected[name].dtype)) for name, tensor in tensors.items()}


def _form(tensor: Tensor) -> str:
    return f"{'float' if tensor.is_floating_point() else tensor.dtype} {list(tensor.shape)}"


def _finite(name: str, tensor: Tensor) -> Tensor:
    if not tensor.isfinite().all():
        raise CorruptWeights(f"{name} has weights that are not finite in {tensor.dtype}")
    return tensor
