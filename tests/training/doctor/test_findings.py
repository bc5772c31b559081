"""What is said of a report begins where its threshold lies, and always says what to do."""

from dataclasses import replace
from typing import Any

import pytest

from training.doctor.findings import findings
from training.doctor.report import (
    SCHEMA,
    Copies,
    Duplicates,
    FolderReport,
    Listed,
    Range,
    Report,
    Surroundings,
    UnreadableFile,
    UnreadableFiles,
)

NONE = Duplicates(groups=0, pictures=0, across_splits=0, across_domains=0, listed=())


def folder(name: str, **changes: Any) -> FolderReport:  # noqa: ANN401
    side = Range(256, 256, 256)
    sound = FolderReport(
        folder=name,
        domain=name,
        split="train",
        pictures=1000,
        different=1000,
        bytes=1,
        unreadable=UnreadableFiles(0, ()),
        passed_over=Listed(0, ()),
        formats={"JPEG": 1000},
        modes={"RGB": 1000},
        with_alpha=0,
        width=side,
        height=side,
        short_side=side,
        small=Listed(0, ()),
        long=Listed(0, ()),
        grey=Listed(0, ()),
        flat=Listed(0, ()),
        colour=None,
    )
    return replace(sound, **changes)


def report(**changes: Any) -> Report:  # noqa: ANN401 - of its fields, or of the second folder's
    of_report = {name: changes.pop(name) for name in [*changes] if name in Report.__annotations__}
    sound = Report(
        schema=SCHEMA,
        usable=True,
        training_size=128,
        balanced=False,
        folders=(folder("horse"), folder("zebra", **changes)),
        exact=NONE,
        near=NONE,
        copies=Copies(0, 0, 0),
        shared=0.0,
        colour_auc=0.7,
        surroundings=Surroundings(0.05, ()),
        findings=(),
    )
    return replace(sound, **of_report)


def side(median: int) -> Range:
    return Range(median, median, median)


def lost(count: int) -> UnreadableFiles:
    return UnreadableFiles(count, (UnreadableFile("zebra/a.jpg", "CorruptImage", "truncated"),))


# what is still sound, what is not, and what is then said
THRESHOLDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no-pictures": ({"different": 2}, {"different": 1}, "few-pictures uneven"),
    "few-pictures": ({"different": 200}, {"different": 199}, ""),
    "uneven": ({"different": 10_000}, {"different": 10_001}, ""),
    "too-many-unreadable": ({"unreadable": lost(52)}, {"unreadable": lost(53)}, "unreadable"),
    "unreadable": ({"unreadable": lost(0)}, {"unreadable": lost(1)}, ""),
    "leak": ({"copies": Copies(0, 0, 0)}, {"copies": Copies(0, 1, 0)}, ""),
    "duplicates": ({"exact": NONE}, {"exact": replace(NONE, groups=1, pictures=2)}, ""),
    "shared-pictures": ({"copies": Copies(0, 0, 0)}, {"copies": Copies(0, 0, 2)}, ""),
    "same-domain": ({"shared": 0.5}, {"shared": 0.51}, ""),
    "small-pictures": ({"small": Listed(50, ())}, {"small": Listed(51, ())}, ""),
    "long-pictures": ({"long": Listed(50, ())}, {"long": Listed(51, ())}, ""),
    "flat-pictures": ({"flat": Listed(50, ())}, {"flat": Listed(51, ())}, ""),
    "grey-mixed": ({"grey": Listed(50, ())}, {"grey": Listed(51, ())}, ""),
    "grey-mixed with colour": ({"grey": Listed(950, ())}, {"grey": Listed(949, ())}, ""),
    "different-sizes": ({"short_side": side(129)}, {"short_side": side(128)}, ""),
    "colour": ({"colour_auc": 0.979}, {"colour_auc": 0.98}, ""),
    "surroundings": ({"surroundings": Surroundings(0.09, ())}, {"surroundings": Surroundings(0.1, ())}, ""),
}


@pytest.mark.parametrize(("name", "row"), THRESHOLDS.items(), ids=THRESHOLDS)
def test_a_finding_begins_at_its_threshold(
    name: str, row: tuple[dict[str, Any], dict[str, Any], str]
) -> None:
    sound, faulty, of_sound = row
    kind = name.split()[0]
    assert [each.kind for each in findings(report(**sound))] == of_sound.split()
    assert kind in [each.kind for each in findings(report(**faulty))]


def test_sizes_do_not_matter_where_all_are_shrunk_by_two() -> None:
    assert not list(findings(report(short_side=side(1000), training_size=64)))
    assert [each.kind for each in findings(report(short_side=side(1000)))] == []
    assert [each.kind for each in findings(report(short_side=side(1000), training_size=129))] == [
        "different-sizes"
    ]


def test_few_pictures_say_nothing_of_colour_and_surroundings() -> None:
    assert not list(findings(report(colour_auc=None, surroundings=None)))


def test_surroundings_are_no_matter_where_the_recipe_balances_them() -> None:
    assert not list(findings(report(surroundings=Surroundings(0.5, ()), balanced=True)))


def test_errors_are_what_training_refuses_and_all_say_what_to_do() -> None:
    made = [each for _, faulty, _ in THRESHOLDS.values() for each in findings(report(**faulty))]
    assert {each.kind for each in made if each.level == "error"} == {"no-pictures", "too-many-unreadable"}
    assert all(each.advice and each.message for each in made)
