from pathlib import Path

import numpy as np
import pytest

from training.experiments.mnist.budget import Budget
from training.experiments.mnist.digits import VALIDATION


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Digits of two kinds, a bar that stands and one that lies, in MNIST's form."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, VALIDATION + 300).astype(np.uint8)
    pictures = rng.integers(0, 30, (len(labels), 28, 28)).astype(np.uint8)
    pictures[labels == 0, 4:24, 12:16] = 220
    pictures[labels == 1, 12:16, 4:24] = 220
    return {"x_train": pictures[:-100], "x_test": pictures[-100:], "y_test": labels[-100:]}


@pytest.fixture
def data(arrays: dict[str, np.ndarray], tmp_path: Path) -> Path:
    np.savez(tmp_path / "digits.npz", **arrays)
    return tmp_path / "digits.npz"


@pytest.fixture
def budget() -> Budget:
    return Budget(steps=40, batch_size=32, hidden=16, warm_up_steps=20)
