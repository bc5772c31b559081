"""A conditional PatchGAN that estimates a log density ratio, per patch, in two parts.

    l_m(judged)          marginal head       log q(z) / p*(z)
    l_c(judged; given)   conditional head    log q(z|x) / q(z)   mean_c judged_c * given_c, spatially aligned

The product is the projection discriminator of Miyato and Koyama (2018), https://arxiv.org/abs/1802.05637.
One of its factors is zero at the start, so that training begins as CycleGAN's blind discriminator and the
mutual information is learned apart.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.blur import blur
from translation.normalisation import instance_norm


class ConditionalPatchGAN(nn.Module):
    """`downsamplings` strided layers: 3 see patches of 70 pixels, 2 of 34 (Isola et al., 2017).

    Log ratios are model over reference: large where a patch looks drawn. float32, (B, 1, h, w). `antialiased`
    blurs before every stride but the first: a blur of the picture itself would hide the finest artefacts of a
    map, such as checkerboards.
    """

    def __init__(self, width: int, downsamplings: int, projection: int, antialiased: bool = False) -> None:
        super().__init__()
        self.judged = PatchFeatures(width, downsamplings, antialiased)
        self.given = PatchFeatures(max(width // 2, 1), downsamplings, antialiased)
        self.marginal_head = nn.Conv2d(self.judged.channels, 1, 4, padding=1)
        self.judged_projection = nn.Conv2d(self.judged.channels, projection, 1)
        self.given_projection = nn.Conv2d(self.given.channels, projection, 1)
        nn.init.normal_(self.marginal_head.weight, std=0.02)
        nn.init.zeros_(self.marginal_head.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.judged_projection.weight)
        nn.init.zeros_(self.judged_projection.bias)  # type: ignore[arg-type]

    def marginal(self, judged: Tensor) -> Tensor:
        """judged (B, 3, H, W) -> (B, 1, h, w). Never looks at the source."""
        return self._marginal(self.judged(judged))

    def context(self, given: Tensor) -> Tensor:
        """given (B, 3, H, W) -> (B, projection, h + 1, w + 1), float32: what `heads` needs of the given
        picture, the same for whatever is judged."""
        features = self.given(given)
        with torch.autocast(features.device.type, enabled=False):
            projected: Tensor = self.given_projection(features.float())
        return projected

    def heads(self, judged: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """judged (B, 3, H, W), context of pictures as large -> the marginal and the conditional log ratio,
        each (B, 1, h, w)."""
        features = self.judged(judged)
        with torch.autocast(features.device.type, enabled=False):
            product = self.judged_projection(features.float()) * context
            conditional = F.avg_pool2d(product.mean(1, keepdim=True), 2, stride=1)  # the marginal's patches
        return self._marginal(features), conditional

    def traits(self, judged: Tensor) -> Tensor:
        """(B, 1 + 2 channels): the mean marginal log ratio, then the mean over places and the standard
        deviation of every feature that it is computed from."""
        features = self.judged(judged).float()
        log_ratio = self._marginal(features).mean((2, 3))
        return torch.cat([log_ratio, features.mean((2, 3)), features.std((2, 3))], dim=1)

    @property
    def features(self) -> int:
        """How many numbers traits has beside the log ratio."""
        return 2 * int(self.judged.channels)

    def _marginal(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            log_ratio: Tensor = self.marginal_head(features.float())
        return log_ratio


class PatchFeatures(nn.Module):
    """(B, 3, H, W) -> (B, channels, h, w): the convolutions of a PatchGAN below its last one."""

    def __init__(self, width: int, downsamplings: int, antialiased: bool) -> None:
        super().__init__()
        self.antialiased = antialiased
        self.first = nn.Conv2d(3, width, 4, stride=2, padding=1)
        widths = [width * 2 ** min(level, 3) for level in range(downsamplings + 1)]
        self.rest = nn.ModuleList()
        for level, (before, after) in enumerate(zip(widths, widths[1:], strict=False), start=1):
            stride = 2 if level < downsamplings else 1
            self.rest.append(nn.Conv2d(before, after, 4, stride=stride, padding=1, bias=False))
        for layer in (self.first, *self.rest):
            nn.init.normal_(layer.weight, std=0.02)
        self.channels = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        features = F.leaky_relu(self.first(images), 0.2)
        for layer in self.rest:
            if self.antialiased and layer.stride != (1, 1):
                features = blur(features)
            features = F.leaky_relu(instance_norm(layer(features)), 0.2)
        return features
