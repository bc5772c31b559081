from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from translation.spread import Spread
from translation.translator import TranslationRequest, Translator
from translation.weights import load_bundle


def samples(count: int, seed: int = 0) -> list[Image.Image]:
    noise = np.random.default_rng(seed)
    return [Image.fromarray(noise.integers(0, 256, (5, 7, 3), dtype=np.uint8)) for _ in range(count)]


@pytest.mark.parametrize("count", [2, 3, 16])
def test_levels_are_the_standard_deviations_of_pixels(count: int) -> None:
    drawn = samples(count)
    expected = np.stack(drawn).astype(np.float64).std(0, ddof=1).mean(-1)
    found = Spread.of(drawn)
    np.testing.assert_allclose(found.levels, expected, rtol=1e-5)
    assert found.mean == pytest.approx(expected.mean(), rel=1e-5)


def test_equal_samples_have_none() -> None:
    (sample,) = samples(1)
    assert Spread.of([sample] * 5).mean == 0


def test_the_map_has_two_steps_to_a_level_and_an_end() -> None:
    black, grey, white = (Image.new("RGB", (2, 1), (level,) * 3) for level in (0, 20, 255))
    assert {*Spread.of([black, grey]).image().tobytes()} == {28}  # 20 / sqrt(2), twice
    assert {*Spread.of([black, white]).image().tobytes()} == {255}
    assert Spread.of([black, grey]).image().size == (2, 1)


def test_a_translation_has_that_of_its_samples_where_the_model_worked(
    tiny_bundle: Path, photograph: bytes
) -> None:
    translator = Translator(load_bundle(tiny_bundle))
    found = translator(photograph, TranslationRequest("zebra", samples=4, seed=7))
    assert found.spread.levels.shape == (32, 45)
    drawn = translator(photograph, TranslationRequest("zebra", samples=4, seed=7, process_size="native"))
    assert drawn.spread.levels.shape == (43, 61)
    assert translator(photograph, TranslationRequest("zebra", seed=7)).spread is None
    same = translator(photograph, TranslationRequest("zebra", samples=4, seed=7, temperature=0))
    assert same.spread.mean == 0 < found.spread.mean
