"""What a generator paints, and where: its density's mean is gate * colour + (1 - gate) * source, moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from translation.flow import moved


@dataclass(frozen=True)
class Painting:
    """Of a batch, float32: colour (B, 3, H, W) in [-1, 1]; gate (B, 1, H, W) in [0, 1], the colour's share of
    the mean; shift (B, 2, H, W), how many pixels to the right and down of a pixel lies what is copied there,
    None: it stays in place."""

    colour: Tensor
    gate: Tensor
    shift: Tensor | None = None

    @classmethod
    def joined(cls, batches: Sequence[Self]) -> Self:
        shifts = [batch.shift for batch in batches if batch.shift is not None]
        return cls(
            torch.cat([batch.colour for batch in batches]),
            torch.cat([batch.gate for batch in batches]),
            torch.cat(shifts) if shifts else None,
        )

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Self:
        shift = None if self.shift is None else function(self.shift)
        return type(self)(function(self.colour), function(self.gate), shift)

    @property
    def is_finite(self) -> bool:
        parts = (self.colour, self.gate, self.shift)
        return all(bool(part.isfinite().all()) for part in parts if part is not None)

    def over(self, source: Tensor) -> Tensor:
        """The mean (B, 3, H, W), in [-1, 1] where the source is, float32."""
        source = source.float()
        copied = source if self.shift is None else moved(source, self.shift)
        return torch.lerp(copied, self.colour, self.gate)
