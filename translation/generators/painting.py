"""What a generator paints, and where: the mean of its density is gate * colour + (1 - gate) * source."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Painting:
    """colour (B, 3, H, W) in [-1, 1]; gate (B, 1, H, W) in [0, 1], its share of the mean. float32."""

    colour: Tensor
    gate: Tensor
