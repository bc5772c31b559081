import subprocess
import sys

import numpy as np
import pytest

from training.augmentation import CROPS, Augmentation, Pixels


@pytest.fixture(name="picture")
def _picture() -> Pixels:
    """Every column and row is told apart by its values."""
    rows, columns = np.mgrid[0:72, 0:200]
    return np.stack([columns, rows, columns + rows], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("crop", CROPS)
def test_a_view_depends_on_the_picture_and_the_seed_alone(crop: str, picture: Pixels) -> None:
    one, other = (Augmentation(64, 72, crop=crop, colour_jitter=0.1) for _ in range(2))
    views = [one(picture, seed) for seed in range(8)]
    for seed in reversed(range(8)):
        np.testing.assert_array_equal(other(picture, seed), views[seed])
    assert len({view.tobytes() for view in views}) == 8


@pytest.mark.parametrize("width", [72, 128, 200])
def test_resized_views_are_many_of_pictures_of_any_shape(width: int, picture: Pixels) -> None:
    views = Augmentation(64, 72, horizontal_flip=0.0, crop="resized")
    seen = [views(picture[:, :width], seed) for seed in range(100)]
    assert len({view.tobytes() for view in seen}) > 80
    heights = [int(view[-1, 0, 1]) - int(view[0, 0, 1]) for view in seen]  # rows are told apart by them
    assert min(heights) < 58
    assert max(heights) > 68


@pytest.mark.parametrize("crop", CROPS)
def test_views_are_square_uint8_and_of_the_asked_size(crop: str, picture: Pixels) -> None:
    view = Augmentation(64, 72, crop=crop)(picture, 3)
    assert (view.shape, view.dtype) == ((64, 64, 3), np.uint8)
    assert view.flags.c_contiguous


def test_the_picture_itself_stays_as_it_is(picture: Pixels) -> None:
    before = picture.copy()
    picture.setflags(write=False)
    Augmentation(64, 72, colour_jitter=0.2)(picture, 1)
    np.testing.assert_array_equal(picture, before)


def test_flips_and_places_are_drawn_independently(picture: Pixels) -> None:
    augmentation = Augmentation(64, 72)
    ends = np.array([augmentation(picture, seed)[0, [0, -1], 0] for seed in range(400)], dtype=int)
    flipped, left = ends[:, 0] > ends[:, 1], ends.min(axis=1)
    assert 0.4 < flipped.mean() < 0.6
    assert left.min() < 10
    assert left.max() > 126
    assert abs(np.corrcoef(flipped, left)[0, 1]) < 0.15


def test_without_randomness_the_view_is_the_centre(picture: Pixels) -> None:
    view = Augmentation(64, 72, horizontal_flip=0.0, crop="centre")(picture, 5)
    np.testing.assert_array_equal(view, picture[4:68, 68:132])


@pytest.mark.parametrize("arguments", [{"size": 80}, {"crop": "diagonal"}])
def test_impossible_settings_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"80|diagonal"):
        Augmentation(**{"size": 64, "load_size": 72, **arguments})  # type: ignore[arg-type]


def test_importing_the_module_does_not_import_albumentations() -> None:
    code = "import sys, training.augmentation; sys.exit('albumentations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
