"""Numbers that change while a run lasts."""

import pytest

from training.courses import Course, value_at

COURSE: Course = ((0.2, 1.0), (0.6, 3.0), (0.8, 0.0))


@pytest.mark.parametrize(
    ("share", "value"),
    [(0, 1), (0.2, 1), (0.3, 1.5), (0.6, 3), (0.7, 1.5), (0.8, 0), (1, 0)],
)
def test_a_course_is_linear_between_its_knots_and_level_beyond_them(share: float, value: float) -> None:
    assert value_at(COURSE, share) == pytest.approx(value)


def test_a_course_of_one_knot_is_a_number() -> None:
    assert [value_at(((0.5, 2.0),), share) for share in (0.0, 0.5, 1.0)] == [2.0, 2.0, 2.0]
