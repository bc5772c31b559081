"""A painting in 8 bits, to be laid over a picture of any size. It can be sent to another process."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from translation.codec import resize, to_image
from translation.flow import moved_levels


@dataclass(frozen=True)
class Painted:
    """`image`: RGBA, its alpha the gate, its colours under that; `shift`: (2, H, W) float32, see Painting."""

    image: Image.Image
    shift: NDArray[np.float32] | None

    @classmethod
    def of(cls, painting: Tensor) -> "Painted":
        """(4, H, W) or (6, H, W), as Sampler.draw makes them."""
        image = to_image(painting[:3])
        image.putalpha(Image.fromarray(painting[3].mul(255).round().byte().numpy()))
        return cls(image, painting[4:].numpy().copy() if len(painting) > 4 else None)

    def over(self, image: Image.Image) -> Image.Image:
        """On the RGB image, at the image's size: the mean of the output distribution."""
        colour, gate = self.image.convert("RGB"), self.image.getchannel("A")
        share = gate.resize(image.size, Image.Resampling.HAMMING)  # a filter that overshoots leaves ripples
        return Image.composite(resize(colour, image.size), self._copied(image), share)

    def _copied(self, image: Image.Image) -> Image.Image:
        if self.shift is None:
            return image
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        moved = moved_levels(pixels, torch.from_numpy(self.shift))
        return Image.fromarray(moved.permute(1, 2, 0).contiguous().numpy())
