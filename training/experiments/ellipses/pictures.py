"""Brown ellipses and striped ones: what of a translation is given, and what is free, is known to the pixel.

A scene, ellipse and background, is drawn alike in both domains. Stripes have a width, an angle and a phase
that tell nothing of the scene: striped given plain is a scene with any stripes, plain given striped is
certain but for a shade of brown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

DOMAINS = ("plain", "striped")
SIDE = 96
OVERSAMPLING = 3
BROWN = np.array([1.0, 0.6, 0.3])


@dataclass(frozen=True)
class Scene:
    """Lengths and places are shares of the side, angles in radians; `colours` (2, 3) are of the background,
    which goes from one to the other along `across`."""

    centre: tuple[float, float]
    radii: tuple[float, float]
    angle: float
    colours: Floats
    across: float

    @classmethod
    def draw(cls, random: np.random.Generator) -> "Scene":
        centre = random.uniform(0.35, 0.65, 2)
        radii = random.uniform((0.22, 0.15), (0.4, 0.3))
        colours = random.uniform(60, 200, (2, 3))
        angle, across = random.uniform(-0.7, 0.7), random.uniform(0, np.pi)
        return cls((centre[0], centre[1]), (radii[0], radii[1]), angle, colours, across)

    def inside(self) -> NDArray[np.bool_]:
        """(SIDE, SIDE), true where no part of a pixel is background."""
        whole: NDArray[np.bool_] = _smaller(self._is_inside()[..., None].astype(float))[..., 0] == 1
        return whole

    def plain(self, random: np.random.Generator) -> Image.Image:
        return self._picture(random.uniform(110, 160) * BROWN)

    def striped(self, random: np.random.Generator) -> Image.Image:
        x, y = _grid()
        angle, period = random.uniform(-0.5, 0.5), random.uniform(0.1, 0.16)
        place = (x * np.cos(angle) + y * np.sin(angle)) / period + random.uniform()
        return self._picture(np.where(place % 1 < 0.5, 0.0, 255.0)[..., None])

    def _is_inside(self) -> NDArray[np.bool_]:
        x, y = (axis - middle for axis, middle in zip(_grid(), self.centre, strict=True))
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        along, aside = (x * cos + y * sin) / self.radii[0], (y * cos - x * sin) / self.radii[1]
        inside: NDArray[np.bool_] = along**2 + aside**2 < 1
        return inside

    def _picture(self, body: Floats) -> Image.Image:
        x, y = _grid()
        share = np.clip((x * np.cos(self.across) + y * np.sin(self.across) + 1) / 2.4, 0, 1)[..., None]
        background = self.colours[0] * (1 - share) + self.colours[1] * share
        pixels = _smaller(np.where(self._is_inside()[..., None], body, background))
        return Image.fromarray(np.rint(pixels).astype(np.uint8))


def scenes(seed: int) -> Iterator[tuple[Scene, np.random.Generator]]:
    """Without end, each with what its pictures are to be drawn by."""
    random = np.random.default_rng(seed)
    while True:
        yield Scene.draw(random), random


def write_pair(folder: Path, count: int, seed: int) -> tuple[Path, Path]:
    """A folder below `folder` of each domain, `count` pictures in it, of scenes that they do not share.

    Written once: several processes may ask for the same.
    """
    pair = folder / f"{count}-{seed}"
    if not pair.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".") as room:
            begun = Path(room) / pair.name
            _write_pictures(begun, count, seed)
            try:
                begun.rename(pair)
            except OSError:
                if not pair.exists():  # else another process has written the same meanwhile
                    raise
    return pair / DOMAINS[0], pair / DOMAINS[1]


def _write_pictures(pair: Path, count: int, seed: int) -> None:
    for name in DOMAINS:
        (pair / name).mkdir(parents=True)
    for number, (scene, random) in zip(range(2 * count), scenes(seed), strict=False):
        name = DOMAINS[number % 2]
        picture: Image.Image = getattr(scene, name)(random)
        picture.save(pair / name / f"{number:05}.png")


def _grid() -> tuple[Floats, Floats]:
    """x and y of the subpixels' centres, (n, n) each."""
    centres = (np.arange(SIDE * OVERSAMPLING) + 0.5) / (SIDE * OVERSAMPLING)
    x, y = np.meshgrid(centres, centres)
    return x, y


def _smaller(subpixels: Floats) -> Floats:
    """(n, n, C) to (SIDE, SIDE, C)."""
    pixels: Floats = subpixels.reshape(SIDE, OVERSAMPLING, SIDE, OVERSAMPLING, -1).mean((1, 3))
    return pixels
