"""What of a picture is still there in its translation: light and dark, edges, and which parts are alike.

    low_frequency    correlation of luminances at 16 x 16 pixels
    edges            correlation of the magnitudes of gradients at 64 x 64 pixels
    structure_...    mean absolute difference of self-similarities: the cosines between the features of all
                     pairs of places, after Tumanyan et al. (2022), https://arxiv.org/abs/2201.00424

Places are those of the network's feature map (structure_maps) or, if it has none, 3 x 3 crops of half the
picture, each looked at alone (structure_crops). Compared with itself, a picture has correlations of 1 and a
structure of 0. The comparison with a picture that is not its translation is a line of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.evaluation.bench import Bench
from training.evaluation.features import Array
from training.evaluation.figures import Line

CROPS = 3  # a side


@dataclass(frozen=True)
class Content:
    """Of one picture: (16, 16), (64, 64), and self-similarities (T, T) of the places of its map or crops."""

    low_frequency: Array
    edges: Array
    structure: Array
    has_map: bool


def content_of(bench: Bench, images: Iterable[Image.Image]) -> list[Content]:
    """Of each, opened one at a time."""
    contents: list[Content] = []
    for image in images:
        places = _map(bench, image) if not contents or contents[0].has_map else None
        structure = _self_similarity(_crops(bench, image) if places is None else places)
        contents.append(Content(_luminances(image), _gradients(image), structure, places is not None))
        bench.tick(1)
    return contents


def compared(sources: Sequence[Content], translated: Sequence[Content]) -> tuple[Line, Line]:
    """Of each source with its own translation, and of each with the next one's."""
    return _line(sources, translated), _line(sources, [*translated[1:], *translated[:1]])


def _line(sources: Sequence[Content], shown: Sequence[Content]) -> Line:
    pairs = list(zip(sources, shown, strict=True))
    structure = "structure_maps" if sources[0].has_map else "structure_crops"
    return {
        "low_frequency": float(np.mean([_correlation(a.low_frequency, b.low_frequency) for a, b in pairs])),
        "edges": float(np.mean([_correlation(a.edges, b.edges) for a, b in pairs])),
        structure: float(np.mean([np.abs(a.structure - b.structure) for a, b in pairs])),
    }


def crops(image: Image.Image, count: int = CROPS) -> list[Image.Image]:
    """count x count of them, row by row, half as wide and high as the image, evenly over it."""
    width, height = image.size
    steps = [step / (2 * (count - 1)) for step in range(count)]
    boxes = ((x * width, y * height, (x + 0.5) * width, (y + 0.5) * height) for y in steps for x in steps)
    cuts = (tuple(round(side) for side in box) for box in boxes)
    return [image.crop((left, upper, right, lower)) for left, upper, right, lower in cuts]


def _crops(bench: Bench, image: Image.Image) -> Array:
    """(T, D)."""
    return bench.network(crops(image)).pooled


def _map(bench: Bench, image: Image.Image) -> Array | None:
    """(T, D), where the network has maps to show."""
    maps = bench.network.look([image]).maps
    return None if maps is None else np.asarray(maps[0].reshape(maps.shape[1], -1).T)


def _self_similarity(places: Array) -> Array:
    directions = places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    return np.asarray(directions @ directions.T)


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
