"""Instance normalisation with statistics in float32: Ulyanov et al. (2016), https://arxiv.org/abs/1607.08022.

On a CPU, torch's own function rounds the mean of bfloat16 features to bfloat16, which falsifies the gradient:
by 80 % where the mean is 30 deviations from zero. With a gain and shift in float32 it computes the statistics
in float32.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def instance_norm(features: Tensor, gain: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
    """(B, C, H, W) to mean 0 and variance 1 over H and W, times 1 + gain, plus shift: (B, C), absent: 0.

    Returned in the dtype of `features`. Raises ValueError where H and W are 1.
    """
    batch, channels, height, width = features.shape
    wide = torch.promote_types(features.dtype, torch.float32)
    nothing = features.new_zeros(batch, channels, dtype=wide)
    scale = 1 + (nothing if gain is None else gain.to(wide))
    offset = nothing if shift is None else nothing + shift  # a sum is contiguous, which a slice may be or not
    planes = features.reshape(1, batch * channels, height, width)
    normed = F.batch_norm(planes, None, None, scale.flatten(), offset.flatten(), training=True)
    return normed.view(features.shape)
