"""What of a picture is still there in its translation: light and dark, edges, and which parts are alike.

    low_frequency    correlation of luminances at 16 x 16 pixels
    edges            correlation of the magnitudes of gradients at 64 x 64 pixels
    structure_...    mean absolute difference of self-similarities: the cosines between the features of all
                     pairs of places, after Tumanyan et al. (2022), https://arxiv.org/abs/2201.00424

Places are those of the network's feature map (structure_maps) or, where it has none to show, 3 x 3 crops of
half the picture, each looked at alone (structure_crops). A picture has correlations of 1 and a structure of 0
with itself; what it has with a picture that is not its translation is a line of its own.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from training.evaluation.bench import Bench, Direction
from training.evaluation.features import Array
from training.evaluation.figures import Line

CROPS = 3  # a side

View = Callable[[Image.Image], Array]


def content(bench: Bench, at: Direction, translated: Sequence[Image.Image]) -> tuple[Line, Line]:
    """Of the first inputs: of each with its own translation, and of each with the next one's."""
    sources = list(at.sources.first(bench.protocol.inputs))
    name, structure = structures(bench, sources)
    views: dict[str, View] = {"low_frequency": _luminances, "edges": _gradients}
    own = translated[: len(sources)]
    _, own_structure = structures(bench, own)
    lines = []
    for shift in (0, 1):
        shown = [*own[shift:], *own[:shift]]
        figures = {figure: _mean_correlation(view, sources, shown) for figure, view in views.items()}
        figures[name] = float(np.abs(structure - np.roll(own_structure, -shift, axis=0)).mean())
        lines.append(figures)
    return lines[0], lines[1]


def structures(bench: Bench, images: Sequence[Image.Image]) -> tuple[str, Array]:
    """What the figure is called, and the self-similarities of each image, (N, T, T)."""
    has_maps = bench.network(images[:1]).maps is not None
    found = []
    for image in images:
        found.append(_self_similarity(_map(bench, image) if has_maps else _looks(bench, image)))
        bench.tick(1)
    return "structure_maps" if has_maps else "structure_crops", np.stack(found)


def crops(image: Image.Image, count: int = CROPS) -> list[Image.Image]:
    """count x count of them, row by row, half as wide and high as the image, evenly over it."""
    width, height = image.size
    steps = [step / (2 * (count - 1)) for step in range(count)]
    boxes = ((x * width, y * height, (x + 0.5) * width, (y + 0.5) * height) for y in steps for x in steps)
    cuts = (tuple(round(side) for side in box) for box in boxes)
    return [image.crop((left, upper, right, lower)) for left, upper, right, lower in cuts]


def _looks(bench: Bench, image: Image.Image) -> Array:
    """(T, D)."""
    return bench.network(crops(image)).pooled


def _map(bench: Bench, image: Image.Image) -> Array:
    """(T, D)."""
    maps = bench.network([image]).maps
    assert maps is not None  # as of the images before it
    return np.asarray(maps[0].reshape(maps.shape[1], -1).T)


def _self_similarity(places: Array) -> Array:
    directions = places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    return np.asarray(directions @ directions.T)


def _mean_correlation(view: View, a: Sequence[Image.Image], b: Sequence[Image.Image]) -> float:
    return float(
        np.mean([_correlation(view(first), view(second)) for first, second in zip(a, b, strict=True)])
    )


def _correlation(a: Array, b: Array) -> float:
    """0 where one of them is the same everywhere."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-9 else 0.0


def _luminances(image: Image.Image, side: int = 16) -> Array:
    return np.asarray(image.convert("L").resize((side, side), Image.Resampling.LANCZOS), np.float64)


def _gradients(image: Image.Image) -> Array:
    rows, columns = np.gradient(_luminances(image, 64))
    return np.asarray(np.hypot(rows, columns))
