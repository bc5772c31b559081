"""What a report means for a training: each finding with what to do. A check is a row of CHECKS.

Errors are what training refuses as well. Of the thresholds none is a law; each has its reason beside it.
"""

from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import TypeAlias

from training.dataset import MAX_UNREADABLE_SHARE
from training.doctor.folders import MEANT
from training.doctor.report import LONG_ASPECT, Finding, FolderReport, Listed, Report

Check: TypeAlias = Callable[[Report], Iterator[Finding]]

NEEDED = 2  # different pictures: one to train on, one to look at
FEW = 200  # a domain; half of the smallest published set (400 van Goghs, Zhu et al. 2017)
UNEVEN = 10.0  # times as many: an epoch shows each of the fewer ten times; monet2photo's six is common
NOTEWORTHY_SHARE = 0.05  # one picture in twenty: less is hardly seen in a training
SIZE_RATIO = 2.0  # of median short sides: an octave of detail that only one domain has
COLOUR_AUC = (
    0.98  # horses and zebras: .71; above, there are hardly two pictures that colour takes for the other's
)
SAME_SHARE = 0.5  # more than half of a domain lies in the other: they are not two domains


def findings(report: Report) -> Iterator[Finding]:
    """Errors first, then warnings, in the order of the table."""
    return chain.from_iterable(check(report) for check in CHECKS)


def _nothing_to_train_on(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if folder.different < NEEDED:
            yield Finding(
                "no-pictures",
                "error",
                f"{folder.folder} holds {_count(folder.different, 'different picture')} that can be read",
                f"put at least {NEEDED} there; {FEW} and more make a model",
            )


def _too_many_unreadable(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_beyond_use(folder):
            yield Finding(
                "too-many-unreadable",
                "error",
                f"{folder.unreadable.count} of {folder.files} pictures in {folder.folder} cannot be read",
                f"remove or replace them: training refuses more than {MAX_UNREADABLE_SHARE:.0%}",
            )


def _unreadable(report: Report) -> Iterator[Finding]:
    for folder in report.folders:
        lost = folder.unreadable
        if lost.count and not (folder.split == "train" and _is_beyond_use(folder)):
            first = lost.files[0]
            yield _warning(
                "unreadable",
                f"{_count(lost.count, 'picture')} in {folder.folder} cannot be read, the first "
                f"{first.file}: {first.reason}",
                "they are skipped; remove or replace them",
            )


def _passed_over(report: Report) -> Iterator[Finding]:
    for folder in report.folders:
        meant = [file for file in folder.passed_over.files if _suffix(file) in MEANT]
        if meant:
            yield _warning(
                "passed-over",
                f"{folder.folder} holds pictures that are never opened, such as {meant[0]}",
                "convert other formats to JPEG or PNG, and let links lead to a file",
            )


def _few(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if NEEDED <= folder.different < FEW:
            yield _warning(
                "few-pictures",
                f"{folder.folder} holds {_count(folder.different, 'different picture')}",
                f"add more: below {FEW} the networks learn them by heart",
            )


def _uneven(report: Report) -> Iterator[Finding]:
    for fewer, more in pairwise(sorted(report.train, key=lambda folder: folder.different)):
        if fewer.different and more.different > UNEVEN * fewer.different:
            yield _warning(
                "uneven",
                f"{more.folder} holds {more.different / fewer.different:.0f} times what {fewer.folder} holds",
                f"add to {fewer.folder}: each of its pictures is seen that much more often, "
                "and learned by heart",
            )


def _leak(report: Report) -> Iterator[Finding]:
    exact, altered = report.copies.in_train, report.copies.altered_in_train
    if exact or altered:
        yield _warning(
            "leak",
            f"{_count(exact, 'test picture')} can be found in train, and {altered} more as altered copies",
            "remove them from test: a figure measured on what was trained on flatters",
        )


def _shared(report: Report) -> Iterator[Finding]:
    count = report.copies.in_other_domain
    if report.shared > SAME_SHARE:
        yield _warning(
            "same-domain",
            f"{report.shared:.0%} of the pictures of one domain are in the other as well",
            "give two folders of different pictures: between these there is nothing to translate",
        )
    elif count:
        yield _warning(
            "shared-pictures",
            f"of {_count(count, 'picture')} there is a copy, or an altered one, in the other domain",
            "keep each in the domain that it belongs to: an example of both says that nothing is to change",
        )


def _repeated(report: Report) -> Iterator[Finding]:
    exact, near = report.exact, report.near
    extra = exact.pictures - exact.groups
    copies = f"{_count(extra, 'exact copy', 'exact copies')} of pictures" if extra else ""
    near_copies = f"{_count(near.groups, 'group')} of near duplicates" if near.groups else ""
    if copies or near_copies:
        yield _warning(
            "duplicates",
            ", and ".join(filter(None, (copies, near_copies))),
            "keep one of each: a picture that is seen twice as often counts twice",
        )


def _small(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.small, folder):
            yield _warning(
                "small-pictures",
                f"{_share(folder.small, folder)} are narrower than {report.training_size} pixels",
                "remove them, or lower data.size: enlarged for training they are soft, and soft is learned",
            )


def _sizes(report: Report) -> Iterator[Finding]:
    """Shrunk to half and less, a picture is as sharp as the scaler makes it, whatever it was."""
    sides = sorted((folder.short_side.median, folder.folder) for folder in report.train if folder.short_side)
    if len(sides) < 2:
        return
    (small, of_small), (large, of_large) = sides
    if large >= SIZE_RATIO * small and small < SIZE_RATIO * report.training_size:
        yield _warning(
            "different-sizes",
            f"pictures in {of_large} are {large} pixels wide at the median, in {of_small} {small}",
            "bring both to a like size first: else sharpness alone tells the domains apart",
        )


def _long(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.long, folder):
            yield _warning(
                "long-pictures",
                f"{_share(folder.long, folder)} are more than {LONG_ASPECT} times as long as wide",
                "crop them to what matters: training sees squares of them, most of which miss it",
            )


def _grey(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if (
            _is_noteworthy(folder.grey, folder)
            and folder.grey.count < (1 - NOTEWORTHY_SHARE) * folder.pictures
        ):
            yield _warning(
                "grey-mixed",
                f"{_share(folder.grey, folder)} are grey, the others not",
                "remove them, unless grey is wanted: some translations will lose their colour",
            )


def _flat(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.flat, folder):
            yield _warning(
                "flat-pictures",
                f"{_share(folder.flat, folder)} are of a single colour",
                "remove them: they show nothing",
            )


def _colour(report: Report) -> Iterator[Finding]:
    if report.colour_auc is not None and report.colour_auc >= COLOUR_AUC:
        yield _warning(
            "colour",
            f"colour and contrast alone tell the domains apart, in {report.colour_auc:.1%} of pairs",
            "if that is not what should change, take pictures in like light, or raise data.colour_jitter",
        )


CHECKS: tuple[Check, ...] = (
    _nothing_to_train_on,
    _too_many_unreadable,
    _unreadable,
    _passed_over,
    _few,
    _uneven,
    _leak,
    _shared,
    _repeated,
    _small,
    _sizes,
    _long,
    _grey,
    _flat,
    _colour,
)


def _warning(kind: str, message: str, advice: str) -> Finding:
    return Finding(kind, "warning", message, advice)


def _share(listed: Listed, folder: FolderReport) -> str:
    return f"{listed.count} of {folder.pictures} pictures in {folder.folder}"


def _is_beyond_use(folder: FolderReport) -> bool:
    return folder.unreadable.count > MAX_UNREADABLE_SHARE * folder.files


def _is_noteworthy(listed: Listed, folder: FolderReport) -> bool:
    return listed.count > NOTEWORTHY_SHARE * folder.pictures


def _suffix(file: str) -> str:
    return f".{file.rpartition('.')[2].lower()}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
