"""Checks of the pictures of each folder."""

from collections.abc import Iterator

from training.dataset import MAX_UNREADABLE_SHARE
from training.doctor.folders import MEANT
from training.doctor.report import LONG_ASPECT, Finding, FolderReport, Listed, Report, counted

NEEDED = 2  # different pictures: one to train on, one to look at
FEW = 200  # a domain; half of the smallest published set (400 van Goghs, Zhu et al. 2017)
NOTEWORTHY_SHARE = 0.05  # one picture in twenty: less is hardly seen in a training


def nothing_to_train_on(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if folder.different < NEEDED:
            yield Finding(
                "no-pictures",
                "error",
                f"{folder.folder} holds {counted(folder.different, 'different picture')} that can be read",
                f"put at least {NEEDED} there; {FEW} and more make a model",
            )


def too_many_unreadable(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_beyond_use(folder):
            yield Finding(
                "too-many-unreadable",
                "error",
                f"{folder.unreadable.count} of {folder.files} pictures in {folder.folder} cannot be read",
                f"remove or replace them: training refuses more than {MAX_UNREADABLE_SHARE:.0%}",
            )


def unreadable(report: Report) -> Iterator[Finding]:
    for folder in report.folders:
        lost = folder.unreadable
        if lost.count and not (folder.split == "train" and _is_beyond_use(folder)):
            first = lost.files[0]
            yield Finding.warning(
                "unreadable",
                f"{counted(lost.count, 'picture')} in {folder.folder} cannot be read, the first "
                f"{first.file}: {first.reason}",
                "they are skipped; remove or replace them",
            )


def passed_over(report: Report) -> Iterator[Finding]:
    for folder in report.folders:
        meant = [file for file in folder.passed_over.files if _suffix(file) in MEANT]
        if meant:
            yield Finding.warning(
                "passed-over",
                f"{folder.folder} holds pictures that are never opened, such as {meant[0]}",
                "convert other formats to JPEG or PNG, and let links lead to a file",
            )


def few(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if NEEDED <= folder.different < FEW:
            yield Finding.warning(
                "few-pictures",
                f"{folder.folder} holds {counted(folder.different, 'different picture')}",
                f"add more: below {FEW} the networks learn them by heart",
            )


def repeated(report: Report) -> Iterator[Finding]:
    exact, near = report.exact, report.near
    extra = exact.pictures - exact.groups
    copies = f"{counted(extra, 'exact copy', 'exact copies')} of pictures" if extra else ""
    near_copies = f"{counted(near.groups, 'group')} of near duplicates" if near.groups else ""
    if copies or near_copies:
        yield Finding.warning(
            "duplicates",
            ", and ".join(filter(None, (copies, near_copies))),
            "keep one of each: a picture that is seen twice as often counts twice",
        )


def small(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.small, folder):
            yield Finding.warning(
                "small-pictures",
                f"{_share(folder.small, folder)} are narrower than {report.training_size} pixels",
                "remove them, or lower data.size: enlarged for training they are soft, and soft is learned",
            )


def long(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.long, folder):
            yield Finding.warning(
                "long-pictures",
                f"{_share(folder.long, folder)} are more than {LONG_ASPECT} times as long as wide",
                "crop them to what matters: training sees squares of them, most of which miss it",
            )


def grey(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if (
            _is_noteworthy(folder.grey, folder)
            and folder.grey.count < (1 - NOTEWORTHY_SHARE) * folder.pictures
        ):
            yield Finding.warning(
                "grey-mixed",
                f"{_share(folder.grey, folder)} are grey, the others not",
                "remove them, unless grey is wanted: some translations will lose their colour",
            )


def flat(report: Report) -> Iterator[Finding]:
    for folder in report.train:
        if _is_noteworthy(folder.flat, folder):
            yield Finding.warning(
                "flat-pictures",
                f"{_share(folder.flat, folder)} are of a single colour",
                "remove them: they show nothing",
            )


def _share(listed: Listed, folder: FolderReport) -> str:
    return f"{listed.count} of {folder.pictures} pictures in {folder.folder}"


def _is_beyond_use(folder: FolderReport) -> bool:
    return folder.unreadable.count > MAX_UNREADABLE_SHARE * folder.files


def _is_noteworthy(listed: Listed, folder: FolderReport) -> bool:
    return listed.count > NOTEWORTHY_SHARE * folder.pictures


def _suffix(file: str) -> str:
    return f".{file.rpartition('.')[2].lower()}"
