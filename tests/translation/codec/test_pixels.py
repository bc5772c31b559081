import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from translation import codec


@given(size=st.tuples(st.integers(8, 64), st.integers(8, 64)), seed=st.integers(0, 99))
def test_image_to_tensor_and_back_is_exact(size: tuple[int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    tensor = codec.to_tensor(Image.fromarray(noise))
    assert tensor.shape == (1, 3, size[1], size[0])
    assert tensor.dtype == torch.float32
    assert np.array_equal(np.asarray(codec.to_image(tensor)), noise)
    assert np.array_equal(np.asarray(codec.to_image(tensor[0])), noise)


def test_black_is_minus_one_and_white_one() -> None:
    image = Image.new("RGB", (8, 8), (0, 255, 0))
    assert codec.to_tensor(image)[0, :, 3, 3].tolist() == [-1, 1, -1]


def test_values_are_rounded_and_clamped() -> None:
    values = torch.tensor([-9.0, -1.0, 0.003, 0.005, 1.0, 9.0]).expand(3, 8, 6)
    assert np.asarray(codec.to_image(values))[0, :, 0].tolist() == [0, 0, 128, 128, 255, 255]


@given(
    size=st.tuples(st.integers(8, 300), st.integers(8, 300)).filter(lambda s: max(s) <= 32 * min(s)),
    short_side=st.integers(8, 64),
)
def test_short_side_is_exact_and_the_aspect_kept_to_the_pixel(size: tuple[int, int], short_side: int) -> None:
    fitted = codec.fit_short_side(Image.new("L", size), short_side)
    assert min(fitted.size) == short_side
    assert abs(max(fitted.size) - max(size) * short_side / min(size)) <= 0.5


@pytest.mark.parametrize("size", [(40, 24), (24, 41), (24, 24)])
def test_a_centre_square_leaves_out_as_much_on_either_side(size: tuple[int, int]) -> None:
    levels = np.add.outer(np.arange(size[1]), np.arange(size[0])).astype(np.uint8)
    found = np.asarray(codec.centre_square(Image.fromarray(levels), 24))
    assert found.shape == (24, 24)
    assert found[0, 0] == (max(size) - 24) // 2
    half = codec.centre_square(Image.fromarray(levels), 12)
    assert half == codec.centre_square(codec.fit_short_side(Image.fromarray(levels), 12), 12)


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    small = np.asarray(codec.resize(Image.fromarray(stripes), (10, 10)), int)
    assert np.abs(small[:, 2:-2] - 127.5).max() < 10


def test_preprocessing_has_one_stable_digest() -> None:
    assert codec.preprocessing_digest() == codec.preprocessing_digest()
    assert len(codec.preprocessing_digest()) == 64
