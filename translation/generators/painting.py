"""What a generator paints, and where: its density's mean is gate * colour + (1 - gate) * source, moved."""

from dataclasses import dataclass

import torch
from torch import Tensor

from translation.flow import moved


@dataclass(frozen=True)
class Painting:
    """colour (B, 3, H, W) in [-1, 1]; gate (B, 1, H, W) in [0, 1], its share of the mean; shift (B, 2, H, W),
    how far to the right and down of a pixel lies what is copied there, None: it stays in place. float32."""

    colour: Tensor
    gate: Tensor
    shift: Tensor | None = None

    def over(self, source: Tensor) -> Tensor:
        """The mean (B, 3, H, W), in [-1, 1] where the source is, float32."""
        source = source.float()
        copied = source if self.shift is None else moved(source, self.shift)
        return torch.lerp(copied, self.colour, self.gate)
