"""Networks without initial weights: of shapes alone, in no time and no memory, or to be filled at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


@contextmanager
def outlines() -> Iterator[None]:
    """What is built inside has no values."""
    with torch.device("meta"), Undrawn():
        yield


class Undrawn(TorchFunctionMode):
    """Initial weights are not drawn: to draw nothing, torch imports its compiler, which takes a second."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        given = kwargs or {}
        is_draw = getattr(func, "__module__", "") == nn.init.__name__
        return given["tensor"] if is_draw else func(*args, **given)
