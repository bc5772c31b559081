from hashlib import sha256

import pytest

from translation.learned import DIGITS, MOST_LISTED, Learned

MANY = sorted(sha256(str(number).encode()).hexdigest() for number in range(1_000))


def test_fresh_networks_have_learned_from_nothing() -> None:
    assert all(map(Learned().has_not, MANY))
    assert all(map(Learned.of([]).has_not, MANY))


def test_of_few_pictures_every_other_one_is_known() -> None:
    learned = Learned.of(MANY[::5])
    assert [digest for digest in MANY if not learned.has_not(digest)] == MANY[::5]


def test_of_many_nothing_is_said_beyond_those_that_are_listed() -> None:
    trained = MANY[10::2]
    learned = Learned.of(trained)
    last = trained[MOST_LISTED - 1]
    assert not learned.is_all
    assert [digest for digest in MANY if learned.has_not(digest)] == [
        digest for digest in MANY if digest < last and digest not in trained
    ]


@pytest.mark.parametrize("counts", [(20, 30), (20, 900), (900, 20), (900, 1_000)])
def test_two_trainings_have_learned_from_what_either_has(counts: tuple[int, int]) -> None:
    before, later = MANY[3::3][: counts[0]], MANY[5::2][: counts[1]]
    both = Learned.of(before) | Learned.of(later)
    unseen = list(filter(both.has_not, MANY))
    assert not {*unseen} & {*before, *later}
    assert MANY[:3] == unseen[:3]
    assert len(both.first.split()) <= MOST_LISTED


def test_what_is_not_known_of_one_is_not_known_of_both() -> None:
    unknown = Learned(is_known=False)
    assert not (unknown | Learned.of(MANY[:3])).is_known
    assert not (Learned.of(MANY[:3]) | unknown).is_known
    assert (Learned() | Learned.of(MANY[:3])) == Learned.of(MANY[:3])


def test_it_is_kept_as_text() -> None:
    learned = Learned.of(MANY)
    assert Learned.model_validate_json(learned.model_dump_json()) == learned
    assert len(learned.first) == MOST_LISTED * (DIGITS + 1) - 1
    for text, told in (("ABCDEF", "pattern"), ("", "none is listed")):
        with pytest.raises(ValueError, match=told):
            Learned(first=text, is_all=False)
