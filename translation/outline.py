"""Networks of shapes alone: built in no time, in no memory, whatever their size."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


@contextmanager
def outlines() -> Iterator[None]:
    """What is built inside has no values."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Nor are initial weights drawn: to draw nothing, torch imports its compiler, which takes a second."""

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
