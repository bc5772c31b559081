"""Which network a published state dict is: a ResNet generator of CycleGAN's, pix2pix's or CUT's code.

Their layers are numbered through, those without weights as well. `model.N` of the networks with nine blocks:

    layer     CycleGAN                           CUT
    stem      1                                  1
    down      4, 7     strided convolutions      4, 8      convolutions, with the filters 7 and 11 behind
    blocks    10-18    conv_block.1 and .5       12-20     conv_block.1 and .5
    up        19, 22   transposed convolutions   22, 26    convolutions, with the filters 21 and 25 before
    head      26                                 30

The layer behind a convolution is its instance norm, but for the head, which has none. The norm removes a
bias, so that ours have none there. Running statistics, which old versions of torch stored, are used by none
of these networks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from pydantic import ValidationError
from torch import Tensor

from translation.architecture import DeterministicResNetArchitecture
from translation.blur import LOW_PASS
from translation.card import WeightsMismatch
from translation.generators.deterministic import UP_FILTER, DownName, UpName

KNOWN = (
    "known are the ResNet generators of CycleGAN and CUT (resnet_9blocks, resnet_6blocks), of 3 channels, "
    "with instance norm, without dropout"
)
PARALLEL = "module."  # what torch's DataParallel puts before every key
STATISTIC = re.compile(r"(.*\.)(\d+)\.(running_mean|running_var|num_batches_tracked)")
BLOCK = re.compile(r"model\.(\d+)\.conv_block\.")


@dataclass(frozen=True)
class Expected:
    """A tensor of the published network. `ours` is its name here, None where it is not needed; `plane` has
    the values that a filter must have."""

    theirs: str
    shape: tuple[int, ...]
    ours: str | None = None
    plane: Tensor | None = None


@dataclass(frozen=True)
class PublishedGenerator:
    """A checkpoint's generator, its tensors by our names."""

    architecture: DeterministicResNetArchitecture
    tensors: dict[str, Tensor]

    @property
    def arch(self) -> str:
        """What its project calls it."""
        return f"resnet_{self.architecture.blocks}blocks"


def recognise(state: Mapping[str, Tensor], name: str) -> PublishedGenerator:
    """The network and its tensors by our names; errors call it `name`. Raises WeightsMismatch."""
    given = _without_statistics(_without_prefix(state))
    architecture = _architecture(given, name)
    expected = {each.theirs: each for each in _expected(architecture)}
    for key in (*expected, *given):
        if fault := _fault(given.get(key), expected.get(key)):
            raise WeightsMismatch(f"{name}: the first key that does not fit is {key}, {fault}; {KNOWN}")
    tensors = {each.ours: given[key].float() for key, each in expected.items() if each.ours}
    return PublishedGenerator(architecture, tensors)


def _without_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if not all(key.startswith(PARALLEL) for key in state):
        return dict(state)
    return {key.removeprefix(PARALLEL): tensor for key, tensor in state.items()}


def _without_statistics(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of norms behind a convolution."""

    def is_statistic(key: str) -> bool:
        match = STATISTIC.fullmatch(key)
        return match is not None and f"{match[1]}{int(match[2]) - 1}.weight" in state

    return {key: tensor for key, tensor in state.items() if not is_statistic(key)}


def _architecture(given: Mapping[str, Tensor], name: str) -> DeterministicResNetArchitecture:
    """By the tensors that tell one network from another; the others are not looked at here."""
    stem = given.get("model.1.weight")
    if stem is None or not stem.ndim:
        first = next(iter(given), "none: there is no tensor in it")
        raise WeightsMismatch(f"{name}: the first key that does not fit is {first}; {KNOWN}")
    down: DownName = "blurred" if "model.7.filt" in given else "strided"
    blocks = len({match[1] for match in map(BLOCK.match, given) if match})
    behind_blocks = _first_block(down) + blocks
    up: UpName = "blurred" if f"model.{behind_blocks}.filt" in given else "transposed"
    try:
        return DeterministicResNetArchitecture(width=len(stem), blocks=blocks, down=down, up=up)
    except ValidationError as error:
        raise WeightsMismatch(f"{name}: width {len(stem)} and {blocks} blocks are out of range") from error


def _first_block(down: DownName) -> int:
    return 12 if down == "blurred" else 10


def _expected(network: DeterministicResNetArchitecture) -> Iterator[Expected]:
    """Every tensor of theirs, in its order."""
    width, blurs_down, blurs_up = network.width, network.down == "blurred", network.up == "blurred"
    yield from _layer("model.1", "stem", (width, 3, 7, 7), width)
    for level, channels in enumerate((width, 2 * width)):
        number = 4 + level * (4 if blurs_down else 3)
        shape = (2 * channels, channels, 3, 3)
        yield from _layer(f"model.{number}", f"down.{level}.convolution", shape, 2 * channels)
        if blurs_down:
            yield Expected(f"model.{number + 3}.filt", (2 * channels, 1, 3, 3), plane=LOW_PASS)
    number = _first_block(network.down)
    shape = (4 * width, 4 * width, 3, 3)
    for block in range(network.blocks):
        for part, ours in ((1, "first"), (5, "second")):
            theirs = f"model.{number + block}.conv_block.{part}"
            yield from _layer(theirs, f"blocks.{block}.{ours}", shape, 4 * width)
    number += network.blocks
    for level, channels in enumerate((4 * width, 2 * width)):
        if blurs_up:
            yield Expected(f"model.{number}.filt", (channels, 1, 4, 4), plane=UP_FILTER)
            number += 1
        half = channels // 2
        shape = (half, channels, 3, 3) if blurs_up else (channels, half, 3, 3)
        yield from _layer(f"model.{number}", f"up.{level}.convolution", shape, half)
        number += 3
    yield from _layer(f"model.{number + 1}", "head", (3, width, 7, 7), 3, "head.bias")


def _layer(
    theirs: str, ours: str, shape: tuple[int, ...], outputs: int, bias: str | None = None
) -> Iterator[Expected]:
    yield Expected(f"{theirs}.weight", shape, f"{ours}.weight")
    yield Expected(f"{theirs}.bias", (outputs,), bias)


def _fault(given: Tensor | None, expected: Expected | None) -> str | None:
    if expected is None:
        return "which has no place"
    if given is None:
        return "which is missing"
    if not given.is_floating_point() or tuple(given.shape) != expected.shape:
        return f"{given.dtype} {list(given.shape)} where float {list(expected.shape)} belongs"
    if expected.plane is not None and not torch.allclose(given.float(), expected.plane, rtol=0, atol=1e-3):
        return "which is another filter than the binomial one"
    return None
