"""A row of a painting in 8 bits, to be laid over a picture of any size. It can be sent to another process."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from translation.codec import resize, to_image
from translation.flow import moved_levels
from translation.generators.painting import Painting


@dataclass(frozen=True)
class PaintedImage:
    """`image`: RGBA, the painting's colour with its gate as alpha; `shift`: (2, H, W) float32 as painted."""

    image: Image.Image
    shift: NDArray[np.float32] | None

    @classmethod
    def rows_of(cls, painting: Painting) -> list[Self]:
        """One for each row of a painting on the CPU."""
        images = [to_image(colour) for colour in painting.colour]
        for image, gate in zip(images, painting.gate[:, 0], strict=True):
            image.putalpha(Image.fromarray(gate.mul(255).round().byte().numpy()))
        if painting.shift is None:
            return [cls(image, None) for image in images]
        return [cls(image, shift.numpy().copy()) for image, shift in zip(images, painting.shift, strict=True)]

    def over(self, image: Image.Image) -> Image.Image:
        """The painting laid over the RGB image, at the image's size: the mean of the output distribution."""
        colour, gate = self.image.convert("RGB"), self.image.getchannel("A")
        share = gate.resize(image.size, Image.Resampling.HAMMING)  # a filter that overshoots leaves ripples
        return Image.composite(resize(colour, image.size), self._copied(image), share)

    def _copied(self, image: Image.Image) -> Image.Image:
        if self.shift is None:
            return image
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        moved = moved_levels(pixels, torch.from_numpy(self.shift))
        return Image.fromarray(moved.permute(1, 2, 0).contiguous().numpy())
