from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Scene = Callable[..., Image.Image]
Save = Callable[..., Path]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A picture of soft blobs; every seed is another, no two alike."""

    def scene(seed: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
        rough = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
        return Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)

    return scene


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a picture below the dataset's root, and makes the folders on the way."""

    def save(image: Image.Image, name: str, **options: object) -> Path:
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file, **options)
        return file

    return save


@pytest.fixture
def root(scene: Scene, save: Save, tmp_path: Path) -> Path:
    """trainA, trainB, testA and testB of different pictures, so small that only few of them is said."""
    for folder, (split, count) in enumerate({"trainA": 8, "trainB": 6, "testA": 3, "testB": 3}.items()):
        for index in range(count):
            save(scene(100 * folder + index), f"{split}/{index}.png")
    return tmp_path / "root"
