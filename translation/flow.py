"""Appearance flow: a picture whose pixels are taken from elsewhere in it, bilinearly.

Zhou et al. (2016), https://arxiv.org/abs/1605.03557, sampled as by Jaderberg et al. (2015),
https://arxiv.org/abs/1506.02025. Beyond an edge lies more of the edge.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

BAND_ROWS = 256


def moved(pictures: Tensor, shift: Tensor) -> Tensor:
    """(B, C, H, W), each pixel taken from `shift` (B, 2, H, W) to the right and down of it, in pixels."""
    height, width = shift.shape[-2:]
    across = torch.arange(width, device=shift.device) + 0.5 + shift[:, 0]
    down = torch.arange(height, device=shift.device)[:, None] + 0.5 + shift[:, 1]
    return _at(pictures, across / width, down / height)


def moved_levels(pixels: Tensor, shift: Tensor) -> Tensor:
    """uint8 (3, H, W), moved by `shift` (2, h, w), which counts in pixels of the same picture at h x w.

    Band by band: of a large picture no more is ever held in float32.
    """
    height = pixels.shape[1]
    bands = (range(first, min(first + BAND_ROWS, height)) for first in range(0, height, BAND_ROWS))
    return torch.cat([_moved_band(pixels, shift, band) for band in bands], dim=1)


def _moved_band(pixels: Tensor, shift: Tensor, band: range) -> Tensor:
    height, width = pixels.shape[1:]
    here = ((torch.arange(width) + 0.5) / width).expand(len(band), width)
    level = ((torch.arange(band.start, band.stop) + 0.5) / height)[:, None].expand(len(band), width)
    across, down = _at(shift[None], here[None], level[None])[0]
    across, down = here + across / shift.shape[2], level + down / shift.shape[1]
    first = min(max(math.floor(float(down.min()) * height) - 1, 0), height - 1)
    last = max(min(math.ceil(float(down.max()) * height) + 1, height), first + 1)
    rows = pixels[None, :, first:last].float()
    moved = _at(rows, across[None], (down[None] * height - first) / (last - first))
    return moved[0].round().byte()


def _at(pictures: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """(B, C, h, w) at positions (B, h, w) in shares of the pictures' width and height."""
    grid = torch.stack([across, down], dim=-1) * 2 - 1
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)
