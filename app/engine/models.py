"""The models on the device, as many as the memory for them holds: the least recently used one goes first."""

from collections import OrderedDict

import torch

from app.engine.orders import Version, Warmth
from translation.sampler import Sampler
from translation.weights import InvalidBundle, load_bundle


class Replaced(InvalidBundle):
    """Another version lies in the folder by now."""


class WarmModels:
    """`max_bytes` is for the weights alone, without those of a model that is being loaded; one that is larger
    is kept by itself."""

    def __init__(self, device: torch.device, max_bytes: int) -> None:
        self._device, self._max_bytes = device, max_bytes
        self._versions: dict[str, Version] = {}
        self._samplers: OrderedDict[str, Sampler] = OrderedDict()  # by digest, the last used one last

    def get(self, version: Version) -> Sampler:
        """Loaded and warmed up where it is not yet. Raises InvalidBundle, and what the device raises."""
        if version.digest not in self._samplers:
            self._load(version)
        self._samplers.move_to_end(version.digest)
        return self._samplers[version.digest]

    def give_back(self, wanted: Version | None) -> None:
        """All memory that can be had; where no model is wanted, of what nobody uses."""
        if wanted is not None:
            self._samplers = OrderedDict(
                {digest: sampler for digest, sampler in self._samplers.items() if digest == wanted.digest}
            )
        torch.cuda.empty_cache()  # of no effect where CUDA is not in use

    @property
    def warmth(self) -> Warmth:
        versions = (self._versions[digest] for digest in self._samplers)
        return Warmth(tuple(versions), _memory(self._device))

    def _load(self, version: Version) -> None:
        bundle = load_bundle(version.folder)
        if bundle.digest != version.digest:
            raise Replaced(f"another version lies in {version.folder} by now")
        sampler = Sampler(bundle.model, bundle.card.training_size, self._device, scorer=bundle.scorer)
        sampler.warm_up()  # what fails here takes nobody's place
        self._make_room(_size_bytes(bundle.model) + bundle.scorer.size_bytes)
        self._samplers[version.digest], self._versions[version.digest] = sampler, version

    def _make_room(self, size_bytes: int) -> None:
        def used_bytes() -> int:
            samplers = self._samplers.values()
            return sum(_size_bytes(sampler.model) + sampler.scorer.size_bytes for sampler in samplers)

        while self._samplers and used_bytes() + size_bytes > self._max_bytes:
            self._samplers.popitem(last=False)


def _size_bytes(network: torch.nn.Module) -> int:
    return sum(tensor.nbytes for tensor in network.state_dict().values())


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
