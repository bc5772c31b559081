"""What is the same stays the same on its way through the web; what is not is told apart, at any number."""

import tracemalloc
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from training.doctor.duplicates import (
    BLOCK,
    GRID,
    MAX_BITS,
    MAX_FIRST_BITS,
    MIRROR,
    exact_groups,
    near_groups,
    perceptual_hash,
)
from training.doctor.measure import LUMA

SIZE = (192, 144)
Scene = Callable[..., Image.Image]


def hash_of(image: Image.Image) -> np.ndarray:
    small = image.convert("RGB").resize((GRID, GRID), Image.Resampling.BOX)
    return perceptual_hash(np.asarray(small, np.float32) @ LUMA)


def saved_as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved again": lambda image: saved_as_jpeg(image, 40),
    "half the size": lambda image: image.resize((96, 72), Image.Resampling.LANCZOS),
    "twice the size": lambda image: image.resize((384, 288), Image.Resampling.BICUBIC),
    "other aspect": lambda image: image.resize((192, 192), Image.Resampling.BICUBIC),
    "grey": lambda image: image.convert("L"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.2),
    "mirrored": ImageOps.mirror,
    "mirrored, small, saved again": lambda image: saved_as_jpeg(ImageOps.mirror(image).resize((128, 96)), 60),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_altered_copy_is_found(change: Callable[[Image.Image], Image.Image], scene: Scene) -> None:
    hashes = [hash_of(scene(seed, SIZE)) for seed in range(6)]
    assert near_groups(np.stack([*hashes, hash_of(change(scene(4, SIZE)))])) == [[4, 6]]


@pytest.mark.parametrize(
    "change",
    [ImageOps.flip, lambda image: image.rotate(90), ImageOps.invert],
    ids=["upside down", "turned", "negative"],
)
def test_what_is_another_picture_is_not(change: Callable[[Image.Image], Image.Image], scene: Scene) -> None:
    assert near_groups(np.stack([hash_of(scene(4, SIZE)), hash_of(change(scene(4, SIZE)))])) == []


def differing(hash: np.ndarray, bits: np.ndarray) -> np.ndarray:
    flipped = np.unpackbits(hash.view(np.uint8))
    flipped[bits] ^= 1
    return np.packbits(flipped).view(np.uint64)


@pytest.mark.parametrize(("bits", "is_near"), [(MAX_BITS, True), (MAX_BITS + 1, False)])
def test_the_bits_that_may_differ_are_counted_beyond_the_first_word(bits: int, is_near: bool) -> None:
    one = np.random.default_rng(0).integers(0, 2**64, 4, dtype=np.uint64)
    other = differing(one, np.arange(64, 64 + bits))
    assert near_groups(np.stack([one, other])) == ([[0, 1]] if is_near else [])


def test_a_chain_is_one_group_across_blocks_and_chance_makes_none() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, (3 * BLOCK, 4), dtype=np.uint64)
    chain = [5, BLOCK + 7, 2 * BLOCK + 9]
    for step, index in enumerate(chain):  # the ends differ in twice what may differ
        hashes[index] = differing(hashes[chain[0]], np.arange(64, 64 + 20 * step))
    assert near_groups(hashes) == [chain]


def test_groups_are_the_components_of_what_is_near() -> None:
    """Against a search from picture to picture, of clusters and chains in any order."""
    random = np.random.default_rng(1)
    hashes = random.integers(0, 2**64, (2 * BLOCK + 99, 4), dtype=np.uint64)
    for start in range(0, len(hashes) - 40, 3):
        for index in random.choice(len(hashes), 2, replace=False):
            hashes[index] = differing(hashes[start], random.choice(255, 9, replace=False))
    both = np.stack([hashes, hashes ^ MIRROR])
    left, expected = set(range(len(hashes))), []
    while left:
        group, ahead = [], [min(left)]
        while ahead:
            group.append(one := ahead.pop())
            left -= {one}
            bits = np.bitwise_count(hashes[one] ^ both)
            near = ((bits.sum(2) <= MAX_BITS) & (bits[..., 0] <= MAX_FIRST_BITS)).any(0)
            ahead += [each for each in np.flatnonzero(near).tolist() if each in left and each not in ahead]
        expected.append(sorted(group))
    found = near_groups(hashes)
    assert found == [group for group in expected if len(group) > 1]
    assert max(map(len, found)) > 5


def test_frames_of_one_scene_take_no_table_of_all_pairs() -> None:
    random = np.random.default_rng(0)
    scene = random.integers(0, 2**64, 4, dtype=np.uint64)
    frames = np.stack([differing(scene, random.choice(255, 4, replace=False)) for _ in range(2000)])
    tracemalloc.start()
    groups = near_groups(frames)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert groups == [list(range(2000))]
    assert peak_bytes < 25e6  # two thirds of the pairs


@pytest.mark.parametrize("axis", [0, 1])
def test_the_first_word_is_of_the_lowest_frequencies_either_way(axis: int) -> None:
    def wave(frequency: int) -> np.ndarray:
        along = np.cos(np.pi * frequency * (np.arange(GRID, dtype=np.float32) + 0.5) / GRID)
        return np.broadcast_to(along[:, None] if axis else along, (GRID, GRID))

    noise = np.random.default_rng(0).normal(size=(GRID, GRID)).astype(np.float32)
    differing_in = {
        frequency: np.flatnonzero(
            perceptual_hash(noise + 99 * wave(frequency)) ^ perceptual_hash(noise - 99 * wave(frequency))
        )
        for frequency in (7, 8, 15)
    }
    assert differing_in[7].tolist() == [0]
    assert 0 not in [*differing_in[8], *differing_in[15]]


@pytest.mark.parametrize("count", [0, 1])
def test_there_is_nothing_to_compare_in_fewer_than_two(count: int) -> None:
    assert near_groups(np.zeros((count, 4), np.uint64)) == []


def test_exact_groups_are_of_equal_digests() -> None:
    assert exact_groups(["a", "b", "a", "c", "b", "a"]) == [[0, 2, 5], [1, 4]]
