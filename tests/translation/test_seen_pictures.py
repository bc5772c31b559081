from hashlib import sha256

import pytest

from translation.seen_pictures import DIGITS, MOST_LISTED, SeenPictures

MANY = sorted(sha256(str(number).encode()).hexdigest() for number in range(1_000))


def test_fresh_networks_have_learned_from_nothing() -> None:
    assert all(map(SeenPictures().surely_unseen, MANY))
    assert all(map(SeenPictures.of([]).surely_unseen, MANY))


def test_of_few_pictures_every_other_one_is_known() -> None:
    seen = SeenPictures.of(MANY[::5])
    assert [digest for digest in MANY if not seen.surely_unseen(digest)] == MANY[::5]


def test_of_many_nothing_is_said_beyond_those_that_are_listed() -> None:
    trained = MANY[10::2]
    seen = SeenPictures.of(trained)
    last = trained[MOST_LISTED - 1]
    assert not seen.is_complete
    assert [digest for digest in MANY if seen.surely_unseen(digest)] == [
        digest for digest in MANY if digest < last and digest not in trained
    ]


@pytest.mark.parametrize("counts", [(20, 30), (20, 900), (900, 20), (900, 1_000)])
def test_two_trainings_have_learned_from_what_either_has(counts: tuple[int, int]) -> None:
    before, later = MANY[3::3][: counts[0]], MANY[5::2][: counts[1]]
    both = SeenPictures.of(before) | SeenPictures.of(later)
    unseen = list(filter(both.surely_unseen, MANY))
    assert not {*unseen} & {*before, *later}
    assert MANY[:3] == unseen[:3]
    assert len(both.lowest.split()) <= MOST_LISTED


def test_what_is_not_known_of_one_is_not_known_of_both() -> None:
    unknown = SeenPictures(lineage_is_known=False)
    assert not (unknown | SeenPictures.of(MANY[:3])).lineage_is_known
    assert not (SeenPictures.of(MANY[:3]) | unknown).lineage_is_known
    assert (SeenPictures() | SeenPictures.of(MANY[:3])) == SeenPictures.of(MANY[:3])


def test_it_is_kept_as_text() -> None:
    seen = SeenPictures.of(MANY)
    assert SeenPictures.model_validate_json(seen.model_dump_json()) == seen
    assert seen.model_dump().keys() == {"first", "is_all", "is_known"}  # as cards have it
    assert len(seen.lowest) == MOST_LISTED * (DIGITS + 1) - 1
    for text, told in (("ABCDEF", "pattern"), ("", "none is listed")):
        with pytest.raises(ValueError, match=told):
            SeenPictures(lowest=text, is_complete=False)
