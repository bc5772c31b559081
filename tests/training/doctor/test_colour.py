import numpy as np
import pytest

from training.doctor.colour import MIN_PICTURES, colour_auc
from training.doctor.measure import Colour


def colours(count: int, seed: int, red: float = 120.0) -> list[Colour]:
    noise = np.random.default_rng(seed).normal(0, 10, (count, 5))
    return [Colour(*(row + (red, 120, 120, 50, 30)).tolist()) for row in noise]


def test_domains_of_other_colours_are_told_apart_and_of_the_same_not() -> None:
    same = [colour_auc(colours(60, seed), colours(90, seed + 50)) for seed in range(8)]
    assert np.mean(same) == pytest.approx(0.5, abs=0.07)
    assert colour_auc(colours(60, 1), colours(90, 2, red=180)) == pytest.approx(1, abs=0.01)


def test_no_side_counts_more_and_none_goes_first() -> None:
    few, many = colours(30, 1), colours(300, 2, red=130)
    assert colour_auc(few, many) == pytest.approx(colour_auc(many, few))


@pytest.mark.parametrize("level", [0.0, 120.0])
def test_pictures_without_any_difference_are_chance(level: float) -> None:
    flat = [Colour(level, level, level, 0, 0)] * MIN_PICTURES
    assert colour_auc(flat, flat) == pytest.approx(0.5)


def test_of_few_pictures_nothing_is_said() -> None:
    assert colour_auc(colours(MIN_PICTURES - 1, 0), colours(300, 1, red=250)) is None


def test_a_picture_does_not_vouch_for_itself() -> None:
    """Of those that it was learned from, twenty and twenty of pure chance come out well apart."""
    found = [colour_auc(colours(MIN_PICTURES, seed), colours(MIN_PICTURES, seed + 900)) for seed in range(40)]
    assert np.mean(found) < 0.53
