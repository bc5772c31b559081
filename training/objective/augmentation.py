"""Augmentation of what ratios see: one random, differentiable transform for everything that is compared.

A ratio that has seen every picture of a small set a hundred times knows them by heart, and its slope leads
the maps nowhere. So it sees references through a random transform T, never quite the same twice. Draws go
through T as well, and the maps' gradient with them: T itself does not tell the two apart, and no map is asked
to imitate it.

    log r(T z; T x)    in the maps' loss, in the ratios' and in R1, T drawn anew for every call

Every picture of one row of a batch takes the same T: a draw, what it was drawn given, and the reference that
it is compared with. The pair stays aligned, so that the conditional ratio can still compare place with place,
and draw and reference differ in nothing that T did. The transforms and their strengths are those of Zhao et
al. (2020), https://arxiv.org/abs/2006.10738. With a probability below 1, as in Karras et al. (2020),
https://arxiv.org/abs/2006.06676, but without its control loop, T leaves some rows alone, so that no map can
gain from making its pictures look transformed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Augment = Callable[..., tuple[Tensor, ...]]
"""(B, C, H, W) each, as many out as in, row b of all of them by one transform."""

Transform = Callable[[Tensor], Tensor]

SHIFT = 1 / 8  # of a side, at most
HOLE = 1 / 2  # of a side


def unchanged(*pictures: Tensor) -> tuple[Tensor, ...]:
    return pictures


@dataclass(frozen=True)
class PairAugmentation:
    """The members of AUGMENTATIONS named, in this order, each on a share `probability` of the rows."""

    names: tuple[str, ...]
    probability: float = 1.0

    def __call__(self, *pictures: Tensor) -> tuple[Tensor, ...]:
        """Pictures (B, C, H, W) of one batch, height and width, in [-1, 1] or a little beyond."""
        for name in self.names:
            transform, rows = AUGMENTATIONS[name](pictures[0]), self._rows(pictures[0])
            pictures = tuple(torch.where(rows, transform(picture), picture) for picture in pictures)
        return pictures

    def _rows(self, like: Tensor) -> Tensor:
        """(B, 1, 1, 1), true where a row is transformed."""
        return _uniform(like, 0, 1) < self.probability


def colour(like: Tensor) -> Transform:
    """Brightness by +-.5, then saturation by 0 to 2, then contrast by .5 to 1.5."""
    brightness, saturation = _uniform(like, -0.5, 0.5), _uniform(like, 0, 2)
    contrast = _uniform(like, 0.5, 1.5)

    def transform(pictures: Tensor) -> Tensor:
        pictures = pictures + brightness
        pictures = torch.lerp(pictures.mean(1, keepdim=True), pictures, saturation)
        return torch.lerp(pictures.mean((1, 2, 3), keepdim=True), pictures, contrast)

    return transform


def translation(like: Tensor) -> Transform:
    """By whole pixels, an eighth of a side at most; zeros, a mid grey, come in from beyond the frame."""
    height, width = like.shape[-2:]
    rows, columns = _shifted(like, height).transpose(2, 3), _shifted(like, width)

    def transform(pictures: Tensor) -> Tensor:
        framed = F.pad(pictures, (1, 1, 1, 1))
        channels = pictures.shape[1]
        moved = framed.gather(2, rows.expand(-1, channels, -1, width + 2))
        return moved.gather(3, columns.expand(-1, channels, height, -1))

    return transform


def cutout(like: Tensor) -> Transform:
    """A hole of mid grey, half as high and wide as the picture, centred on any of its points."""
    height, width = like.shape[-2:]
    is_hole = _beside_centre(like, height).transpose(2, 3) & _beside_centre(like, width)
    return lambda pictures: pictures.masked_fill(is_hole, 0.0)


AUGMENTATIONS: dict[str, Callable[[Tensor], Transform]] = {
    "colour": colour,
    "translation": translation,
    "cutout": cutout,
}
"""Each draws a transform for batches of the shape of the one given."""


def _uniform(like: Tensor, low: float, high: float) -> Tensor:
    """(B, 1, 1, 1)."""
    return torch.empty(len(like), 1, 1, 1, device=like.device).uniform_(low, high)


def _shifted(like: Tensor, side: int) -> Tensor:
    """(B, 1, 1, side): what each place shows, counted with a frame of one pixel around the picture."""
    most = round(SHIFT * side)
    shift = torch.randint(-most, most + 1, (len(like), 1, 1, 1), device=like.device)
    return (torch.arange(1, side + 1, device=like.device) + shift).clamp(0, side + 1)


def _beside_centre(like: Tensor, side: int) -> Tensor:
    """(B, 1, 1, side), true within half a hole of a random place."""
    centre = _uniform(like, 0, side)
    return (torch.arange(side, device=like.device) + 0.5 - centre).abs() < HOLE * side / 2
