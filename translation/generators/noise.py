"""The noise encoder h(xi | target, source): which code would have made this target of this source.

Without it a code dies: under a unimodal likelihood the cycle term is E||z - m(x, xi)||^2 =
||z - E m||^2 + Var m, so the maps do best to ignore the code. With it the augmented pair (x, xi) is matched:

    -log p(x|z) <= E_h[-log p(x | z, xi)] + KL[h(xi | x, z) || N(0, I)]

Almahairi et al. (2018), https://arxiv.org/abs/1802.10151.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.distributions import Normal


class NoiseEncoder(nn.Module):
    """(B, 3, H, W), (B, 3, H, W) -> a Normal over codes (B, k). Instance norms would erase colour."""

    def __init__(self, width: int, code_size: int) -> None:
        super().__init__()
        channels = [6, width, 2 * width, 4 * width, 4 * width]
        layers: list[nn.Module] = []
        for before, after in zip(channels, channels[1:], strict=False):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=2), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(channels[-1], 2 * code_size)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, target: Tensor, source: Tensor) -> Normal:
        pooled = self.features(torch.cat([target, source], dim=1)).mean(dim=(2, 3))
        with torch.autocast(pooled.device.type, enabled=False):
            mean, log_scale = self.head(pooled.float()).chunk(2, dim=1)
            return Normal(mean, F.softplus(log_scale + 0.5) + 1e-3)


def kl_from_standard_normal(posterior: Normal) -> Tensor:
    """KL[posterior || N(0, I)], (B,) nats."""
    variance = posterior.scale.square()
    return 0.5 * (variance + posterior.mean.square() - 1 - variance.log()).sum(1)
