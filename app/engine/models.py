"""The models on the device, as many as the memory for them holds: the least recently used one goes first."""

from collections import OrderedDict
from dataclasses import dataclass

import torch

from app.engine.orders import Version, Warmth
from translation.card import InvalidBundle
from translation.sampler import Sampler
from translation.weights import load_bundle


class Replaced(InvalidBundle):
    """Another version lies in the folder by now."""


@dataclass(frozen=True)
class _Warm:
    version: Version
    sampler: Sampler

    @property
    def size_bytes(self) -> int:
        """Of its weights, and of what scores."""
        weights: int = sum(tensor.nbytes for tensor in self.sampler.model.state_dict().values())
        return weights + self.sampler.scorer.size_bytes


class WarmModels:
    """`max_bytes` is for the weights alone, without those of a model that is being loaded; one that is larger
    is kept by itself."""

    def __init__(self, device: torch.device, max_bytes: int) -> None:
        self._device, self._max_bytes = device, max_bytes
        self._warm: OrderedDict[str, _Warm] = OrderedDict()  # by digest, the last used one last

    def get(self, version: Version) -> Sampler:
        """Loaded and warmed up where it is not yet. Raises InvalidBundle, and what the device raises."""
        if version.digest not in self._warm:
            self._load(version)
        self._warm.move_to_end(version.digest)
        return self._warm[version.digest].sampler

    def give_back(self, wanted: Version | None) -> None:
        """All memory that can be had; where no model is wanted, of what nobody uses."""
        if wanted is not None:
            self._warm = OrderedDict(
                {digest: warm for digest, warm in self._warm.items() if digest == wanted.digest}
            )
        torch.cuda.empty_cache()  # of no effect where CUDA is not in use

    @property
    def warmth(self) -> Warmth:
        return Warmth(tuple(warm.version for warm in self._warm.values()), _memory(self._device))

    def _load(self, version: Version) -> None:
        bundle = load_bundle(version.folder)
        if bundle.digest != version.digest:
            raise Replaced(f"another version lies in {version.folder} by now")
        sampler = bundle.sampler(self._device)
        sampler.warm_up()  # what fails here takes nobody's place
        loaded = _Warm(version, sampler)
        self._make_room(loaded.size_bytes)
        self._warm[version.digest] = loaded

    def _make_room(self, size_bytes: int) -> None:
        def used_bytes() -> int:
            return sum(warm.size_bytes for warm in self._warm.values())

        while self._warm and used_bytes() + size_bytes > self._max_bytes:
            self._warm.popitem(last=False)


def _memory(device: torch.device) -> tuple[tuple[str, int], ...]:
    """Bytes by kind; of a device that has none of its own, nothing."""
    if device.type != "cuda":
        return ()
    free, total = torch.cuda.mem_get_info(device)
    return (
        ("allocated", torch.cuda.memory_allocated(device)),
        ("reserved", torch.cuda.memory_reserved(device)),
        ("free", free),
        ("total", total),
    )
