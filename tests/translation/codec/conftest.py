import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

settings.register_profile("any machine", deadline=None, max_examples=25)
settings.load_profile("any machine")


@pytest.fixture(name="picture", scope="session")
def _picture() -> Image.Image:
    """56 x 40 pixels, smooth, different at the four corners."""
    y, x = np.mgrid[:40, :56] / 55
    return Image.fromarray((255 * np.stack([x, y, (2 - x - y) / 2], -1)).astype(np.uint8))


@pytest.fixture(name="ramp", scope="session")
def _ramp() -> Image.Image:
    """As large, grey, from black at the left to white at the right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, 56).astype(np.uint8), (40, 1)))
