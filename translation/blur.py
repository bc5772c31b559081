"""The low-pass filter before a stride: Zhang (2019), https://arxiv.org/abs/1904.11486.

A strided convolution keeps every other place, and what is finer than that comes out as something coarser that
moves with the picture's grid. Blurred first, as by Karras et al. (2020), https://arxiv.org/abs/1912.04958,
which costs one pass of nine multiplications a feature and no parameter: weights fit with and without.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def blur(features: Tensor) -> Tensor:
    """(B, C, H, W) by the binomial filter [1, 2, 1] both ways, edges mirrored; H and W at least 2."""
    taps = torch.tensor([1.0, 2.0, 1.0], dtype=features.dtype, device=features.device) / 4
    channels = features.shape[1]
    kernel = (taps[:, None] * taps).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(features, (1, 1, 1, 1), mode="reflect"), kernel, groups=channels)
