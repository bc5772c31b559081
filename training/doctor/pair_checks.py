"""Checks of two domains beside each other: what tells them apart that should not, and what is in both."""

from collections.abc import Iterator
from itertools import pairwise

from training.doctor.report import Finding, Report, counted

UNEVEN = 10.0  # times as many: an epoch shows each of the fewer ten times; monet2photo's six is common
SIZE_RATIO = 2.0  # of median short sides: an octave of detail that only one domain has
COLOUR_AUC = (
    0.98  # horses and zebras: .71; above, there are hardly two pictures that colour takes for the other's
)
SURROUNDINGS_GAP = 0.1  # horses and zebras: .2, and a map that was trained on them put stripes into skies
SAME_SHARE = 0.5  # more than half of a domain lies in the other: they are not two domains


def uneven(report: Report) -> Iterator[Finding]:
    for fewer, more in pairwise(sorted(report.train, key=lambda folder: folder.different)):
        if fewer.different and more.different > UNEVEN * fewer.different:
            yield Finding.warning(
                "uneven",
                f"{more.folder} holds {more.different / fewer.different:.0f} times what {fewer.folder} holds",
                f"add to {fewer.folder}: each of its pictures is seen that much more often, "
                "and learned by heart",
            )


def leak(report: Report) -> Iterator[Finding]:
    exact, altered = report.copies.in_train, report.copies.altered_in_train
    if exact or altered:
        yield Finding.warning(
            "leak",
            f"{counted(exact, 'test picture')} can be found in train, and {altered} more as altered copies",
            "remove them from test: a figure measured on what was trained on flatters",
        )


def shared(report: Report) -> Iterator[Finding]:
    count = report.copies.in_other_domain
    if report.shared > SAME_SHARE:
        yield Finding.warning(
            "same-domain",
            f"{report.shared:.0%} of the pictures of one domain are in the other as well",
            "give two folders of different pictures: between these there is nothing to translate",
        )
    elif count:
        yield Finding.warning(
            "shared-pictures",
            f"of {counted(count, 'picture')} there is a copy, or an altered one, in the other domain",
            "keep each in the domain that it belongs to: an example of both says that nothing is to change",
        )


def sizes(report: Report) -> Iterator[Finding]:
    """Shrunk to half and less, a picture is as sharp as the scaler makes it, whatever it was."""
    sides = sorted((folder.short_side.median, folder.folder) for folder in report.train if folder.short_side)
    if len(sides) < 2:
        return
    (small, of_small), (large, of_large) = sides
    if large >= SIZE_RATIO * small and small < SIZE_RATIO * report.training_size:
        yield Finding.warning(
            "different-sizes",
            f"pictures in {of_large} are {large} pixels wide at the median, in {of_small} {small}",
            "bring both to a like size first: else sharpness alone tells the domains apart",
        )


def colour(report: Report) -> Iterator[Finding]:
    if report.colour_auc is not None and report.colour_auc >= COLOUR_AUC:
        yield Finding.warning(
            "colour",
            f"colour and contrast alone tell the domains apart, in {report.colour_auc:.1%} of pairs",
            "if that is not what should change, take pictures in like light, or raise data.colour_jitter",
        )


def surroundings(report: Report) -> Iterator[Finding]:
    found = report.surroundings
    if found is not None and found.gap >= SURROUNDINGS_GAP and not report.balanced:
        domains = " and ".join(folder.domain for folder in report.train)
        yield Finding.warning(
            "surroundings",
            f"{domains} differ in what both of them show, such as skies, by {found.gap:.2f}; "
            "two halves of one domain differ by 0",
            "set data.balance=true unless it should change as well: --html, and data.html of a run, show it",
        )
