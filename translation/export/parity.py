"""Is what was stored the same function? Asked at several sizes, of which few are what networks like."""

from dataclasses import dataclass

import torch
from torch import Tensor

from translation.export.direction import Direction
from translation.export.formats import Run

MIN_SIDE = 8
MAX_LEVELS = 0.5  # of 256: no pixel is another by more than its rounding


class OtherResults(RuntimeError):
    def __init__(self, levels: float, shape: tuple[int, ...]) -> None:
        batch, _, height, width = shape
        super().__init__(
            f"the export differs from the model by {levels:.3g} grey levels, more than {MAX_LEVELS}, "
            f"at {width}x{height} in a batch of {batch}: no file is left"
        )


@dataclass(frozen=True)
class Parity:
    """The largest difference of any output, in grey levels of 256; `shapes` are as in 1x3x61x43."""

    levels: float
    shapes: tuple[str, ...]


@torch.inference_mode()
def compare(direction: Direction, run: Run, process_size: int) -> Parity:
    """Raises OtherResults, also where an output is missing or of another shape."""
    generator = torch.Generator().manual_seed(0)
    largest, shapes = 0.0, shapes_around(process_size)
    for shape in shapes:
        image = torch.rand(shape, generator=generator) * 2 - 1
        code = torch.randn(shape[0], direction.code_size, generator=generator)
        arguments = direction.arguments(image, code)
        levels = _levels(direction(*arguments), run(arguments))
        if not levels <= MAX_LEVELS:
            raise OtherResults(levels, shape)
        largest = max(largest, levels)
    return Parity(largest, tuple("x".join(map(str, shape)) for shape in shapes))


def shapes_around(process_size: int) -> tuple[tuple[int, ...], ...]:
    sides = (
        (1, process_size, process_size),
        (1, process_size + 1, process_size + 7),
        (2, process_size - 3, process_size + process_size // 2 + 2),
        (3, MIN_SIDE, 33),
        (1, 61, MIN_SIDE + 1),
        (2, 47, 43),
    )
    return tuple((batch, 3, max(height, MIN_SIDE), max(width, MIN_SIDE)) for batch, height, width in sides)


def _levels(expected: tuple[Tensor, ...], found: tuple[Tensor, ...]) -> float:
    if [each.shape for each in expected] != [each.shape for each in found]:
        return torch.inf
    differences = (one - other for one, other in zip(expected, found, strict=True))
    return max(float(difference.abs().max()) * 127.5 for difference in differences)
