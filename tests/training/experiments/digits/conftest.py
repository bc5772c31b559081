from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from training.experiments.digits.yardstick import Yardstick

TINY = (
    "data.workers=0",
    "model.generator.width=4",
    "model.generator.blocks=1",
    "model.noise.width=4",
    "model.discriminator.width=4",
    "model.discriminator.projection=4",
    "training.steps=2",
    "training.batch_size=2",
)
BRIEF = Yardstick(
    train=24,
    validation=8,
    pool=40,
    classifier_steps=4,
    classifier_batch=8,
    selections=2,
    translated=6,
    inputs=2,
    samples=3,
    cycled=3,
    noises=(0.05,),
)


def made_up(side: int, ink: int, count: int = 40) -> dict[str, np.ndarray]:
    """Digits of two kinds, a bar that stands and one that lies, in the form of the published sets."""
    rng = np.random.default_rng(side)
    labels = rng.integers(0, 2, count).astype(np.uint8)
    pictures = rng.integers(0, 30, (count, side, side)).astype(np.uint8)
    middle = slice(side // 2 - 2, side // 2 + 2)
    pictures[labels == 0, :, middle] = ink
    pictures[labels == 1, middle, :] = ink
    tests = count // 4
    return {
        "x_train": pictures[:-tests],
        "y_train": labels[:-tests],
        "x_test": pictures[-tests:],
        "y_test": labels[-tests:],
    }


@pytest.fixture(scope="session")
def arrays() -> Mapping[str, Mapping[str, np.ndarray]]:
    return {"mnist": made_up(28, 240), "usps": made_up(16, 200)}


@pytest.fixture(scope="session")
def files(
    arrays: Mapping[str, Mapping[str, np.ndarray]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("digits")
    for name, held in arrays.items():
        np.savez(folder / f"{name}.npz", **held)
    return {name: folder / f"{name}.npz" for name in arrays}


@pytest.fixture
def brief() -> Yardstick:
    return BRIEF


@pytest.fixture
def tiny() -> tuple[str, ...]:
    return TINY
