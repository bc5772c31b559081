"""A conditional PatchGAN that also sees what a pretrained network sees: five estimates of one log ratio.

The first is of pixels, by ConditionalPatchGAN; Kumari et al. (2022), https://arxiv.org/abs/2112.09130, show
that it should stay. The others are of four depths of EfficientNetLite0, mixed at random across channels and
from the coarse to the fine: Sauer et al. (2021), https://arxiv.org/abs/2111.01007.

A ratio of features phi(z) is the ratio of their densities, and its divergence is at most that of the
pictures. What phi does not see, only the estimate from pixels can tell. What phi does see, a PatchGAN would
have to learn from the pictures of two domains, which takes many steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.discriminators.efficientnet import VIEWS, EfficientNetLite0
from translation.discriminators.patch import ConditionalPatchGAN

STRIDES = (2, 1, 1, 1)
"""Of each depth's heads: the finest has many more places than a PatchGAN has patches."""

SLOPE = 0.2


class Context(NamedTuple):
    """What is to be known of the given pictures: by pixels, and by each depth."""

    pixels: Tensor
    depths: list[Tensor]


class ProjectedPatchGAN(nn.Module):
    """Takes the arguments of ConditionalPatchGAN, and `mixed`: the channels that the features of each
    depth are mixed to. Log ratios are (B, 5, h, w), float32: one for each view, on the grid of
    ConditionalPatchGAN."""

    def __init__(
        self, width: int, downsamplings: int, projection: int, antialiased: bool = False, mixed: int = 64
    ) -> None:
        super().__init__()
        self.pixels = ConditionalPatchGAN(width, downsamplings, projection, antialiased)
        self.pretrained = EfficientNetLite0()
        self.mixture = Mixture(mixed)
        self.depths = nn.ModuleList(DepthHeads(mixed, projection, stride) for stride in STRIDES)

    def marginal(self, judged: Tensor) -> Tensor:
        """judged (B, 3, H, W) -> (B, 5, h, w). Never looks at the source."""
        return self._marginal(judged, self._seen(judged))

    def context(self, given: Tensor) -> Context:
        """What `heads` is to know of given (B, 3, H, W), whatever is judged beside it."""
        of_depths = [heads.context(features) for heads, features in self._by_depth(self._seen(given))]
        return Context(self.pixels.context(given), of_depths)

    def heads(self, judged: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """judged (B, 3, H, W), context of pictures as large -> the marginal and the conditional log ratio,
        each (B, 5, h, w)."""
        views = zip(self._by_depth(self._seen(judged)), context.depths, strict=True)
        found = [heads(features, known) for (heads, features), known in views]
        marginals, conditionals = zip(self.pixels.heads(judged, context.pixels), *found, strict=True)
        return _stacked(*marginals), _stacked(*conditionals)

    def traits(self, judged: Tensor) -> Tensor:
        """(B, 1 + features): the mean marginal log ratio, then the mean over places and the standard
        deviation of every feature of the pretrained network."""
        seen = self._seen(judged)
        log_ratio = self._marginal(judged, seen).mean((1, 2, 3))[:, None]
        places = [features.flatten(2) for features in seen]
        return torch.cat(
            [log_ratio, *(f.mean(2) for f in places), *(f.std(2, correction=0) for f in places)], dim=1
        )

    @property
    def features(self) -> int:
        """How many numbers traits has beside the log ratio."""
        return 2 * sum(VIEWS.values())

    def _marginal(self, judged: Tensor, seen: Sequence[Tensor]) -> Tensor:
        of_depths = [heads.marginal(features) for heads, features in self._by_depth(seen)]
        return _stacked(self.pixels.marginal(judged), *of_depths)

    def _by_depth(self, seen: Sequence[Tensor]) -> Iterator[tuple["DepthHeads", Tensor]]:
        yield from zip(cast("Iterable[DepthHeads]", self.depths), self.mixture(seen), strict=True)

    def _seen(self, images: Tensor) -> list[Tensor]:
        # float32: on a CPU, depthwise convolutions of bfloat16 take longer
        with torch.autocast(images.device.type, enabled=False):
            seen: list[Tensor] = self.pretrained(images.float())
        return seen


class Mixture(nn.Module):
    """A fixed random mixture of the features of VIEWS, (B, c, h, w) each, to `channels` each. It is not
    learned: a ratio that chose its channels would look at the most telling ones, and leave the others to
    the maps."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        counts = tuple(VIEWS.values())
        self.across = nn.ModuleList(nn.Conv2d(count, channels, 1, bias=False) for count in counts)
        self.down = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in counts[1:])
        for layer in (*self.across, *self.down):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
        self.requires_grad_(False)

    def forward(self, seen: Sequence[Tensor]) -> list[Tensor]:
        *finer, mixed = (across(features) for across, features in zip(self.across, seen, strict=True))
        found = [mixed]
        for features, down in zip(reversed(finer), reversed(self.down), strict=True):
            coarser = F.interpolate(found[0], features.shape[-2:], mode="bilinear", align_corners=False)
            found.insert(0, features + down(coarser) / sqrt(2))
        return found


class DepthHeads(nn.Module):
    """Both log ratios by the mixed features of one depth, (B, 1, h, w), a place for `stride` of theirs."""

    def __init__(self, channels: int, projection: int, stride: int) -> None:
        super().__init__()
        self.judged = _convolutions(channels, stride)
        self.given = _convolutions(channels, stride)
        self.marginal_head = nn.Conv2d(channels, 1, 1)
        self.judged_projection = nn.Conv2d(channels, projection, 1)
        self.given_projection = nn.Conv2d(channels, projection, 1)
        nn.init.normal_(self.marginal_head.weight, std=0.02)
        nn.init.zeros_(self.marginal_head.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.judged_projection.weight)
        nn.init.zeros_(self.judged_projection.bias)  # type: ignore[arg-type]

    def marginal(self, judged: Tensor) -> Tensor:
        return _wide(self.marginal_head, self.judged(judged))

    def context(self, given: Tensor) -> Tensor:
        """(B, projection, h, w), float32."""
        return _wide(self.given_projection, self.given(given))

    def forward(self, judged: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The marginal and the conditional one."""
        features = self.judged(judged)
        product = _wide(self.judged_projection, features) * context
        return _wide(self.marginal_head, features), product.mean(1, keepdim=True)


def _convolutions(channels: int, stride: int) -> nn.Sequential:
    first = nn.Conv2d(channels, channels, 3, stride, padding=1)
    second = nn.Conv2d(channels, channels, 3, padding=1)
    for layer in (first, second):
        nn.init.kaiming_normal_(layer.weight, a=SLOPE)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return nn.Sequential(first, nn.LeakyReLU(SLOPE), second, nn.LeakyReLU(SLOPE))


def _wide(layer: nn.Module, features: Tensor) -> Tensor:
    """In float32."""
    with torch.autocast(features.device.type, enabled=False):
        found: Tensor = layer(features.float())
    return found


def _stacked(of_pixels: Tensor, *of_depths: Tensor) -> Tensor:
    """Each on the grid of the first, so that all views count alike, however many places they have."""
    grid = of_pixels.shape[-2:]
    spread = [F.interpolate(each, grid, mode="nearest-exact") for each in of_depths]
    return torch.cat([of_pixels, *spread], dim=1)
