"""The low-pass filter before a stride: Zhang (2019), https://arxiv.org/abs/1904.11486.

A strided convolution keeps every other pixel. Detail that is finer than that is aliased: it comes out as a
coarser pattern that moves with the grid. A blur before the stride removes it, as in Karras et al. (2020),
https://arxiv.org/abs/1912.04958. It costs nine multiplications a feature and has no parameters, so that the
same weights fit with and without it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def binomial_filter(*taps: float) -> Tensor:
    """(n, n), the outer product of the taps with themselves, of sum 1."""
    line = torch.tensor(taps)
    return torch.outer(line, line) / line.sum().square()


LOW_PASS = binomial_filter(1, 2, 1)


def blur(features: Tensor, stride: int = 1) -> Tensor:
    """(B, C, H, W), both at least 2, by LOW_PASS, edges mirrored; of the result every `stride`-th pixel."""
    channels = features.shape[1]
    kernel = LOW_PASS.to(features).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(features, (1, 1, 1, 1), mode="reflect"), kernel, stride=stride, groups=channels)
