"""One direction of a bundle as a function of tensors, traced for pictures of any size and batches of any."""

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.fx.experimental import _config as shape_config

from translation.distributions import FixedScale
from translation.weights import Bundle

EXAMPLE = (2, 3, 41, 54)  # a batch of one, sides alike or multiples of the stride would be taken for the rule


class Direction(nn.Module):
    """image (B, 3, H, W) in [-1, 1], H and W at least 8, and code (B, k), where there are codes, to the mean
    (B, 3, H, W) in [-1, 1], and to the scale where it is learned: one number, or as the mean."""

    def __init__(self, generator: nn.Module, code_size: int) -> None:
        super().__init__()
        self.generator = generator
        self.code_size = code_size

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("image", "code") if self.code_size else ("image",)

    @property
    def outputs(self) -> tuple[str, ...]:
        is_fixed = isinstance(self.generator.scale, FixedScale)
        return ("mean",) if is_fixed else ("mean", "scale")

    def forward(self, image: Tensor, code: Tensor | None = None) -> tuple[Tensor, ...]:
        density = self.generator(image, image.new_zeros(image.shape[0], 0) if code is None else code)
        return tuple(getattr(density, name) for name in self.outputs)

    def arguments(self, image: Tensor, code: Tensor) -> tuple[Tensor, ...]:
        return (image, code) if self.code_size else (image,)

    def trace(self) -> ExportedProgram:
        """A graph without sizes in it."""
        image = torch.linspace(-1, 1, torch.Size(EXAMPLE).numel()).reshape(EXAMPLE)
        arguments = self.arguments(image, torch.zeros(EXAMPLE[0], self.code_size))
        free = ({0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}, {0: Dim.DYNAMIC})
        # Else whether a side is padded, and a crop contiguous, would be decided by the example
        with shape_config.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]
            return torch.export.export(self, arguments, dynamic_shapes=free[: len(arguments)])


def direction_to(bundle: Bundle, to: str) -> Direction:
    """Raises UnknownDomain."""
    conditional = bundle.model.conditional(to)
    return Direction(conditional.generator, conditional.code_size).eval()
