"""From measured pictures to the report's parts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple

import numpy as np

from training.doctor.duplicates import Groups
from training.doctor.folders import PictureFolder
from training.doctor.measure import Colour, Measured, Unreadable
from training.doctor.report import (
    LONG_ASPECT,
    MAX_LISTED,
    Copies,
    Duplicates,
    FolderReport,
    Group,
    Listed,
    Range,
    UnreadableFile,
    UnreadableFiles,
)


def folder_report(
    folder: PictureFolder, pictures: Sequence[Measured], lost: Sequence[Unreadable], training_size: int
) -> FolderReport:
    """Of those of the folder."""
    pictures = [each for each in pictures if each.folder is folder]
    broken = [UnreadableFile(each.name, each.kind, each.reason) for each in lost if each.folder is folder]
    return FolderReport(
        folder=folder.label,
        domain=folder.domain,
        split=folder.split,
        pictures=len(pictures),
        different=len({picture.digest for picture in pictures}),
        bytes=sum(picture.bytes for picture in pictures),
        unreadable=UnreadableFiles(len(broken), tuple(broken[:MAX_LISTED])),
        passed_over=_listed(map(folder.name_of, folder.passed_over)),
        formats=_counts(picture.format for picture in pictures),
        modes=_counts(picture.mode for picture in pictures),
        with_alpha=sum(picture.has_alpha for picture in pictures),
        width=_range([picture.size[0] for picture in pictures]),
        height=_range([picture.size[1] for picture in pictures]),
        short_side=_range([min(picture.size) for picture in pictures]),
        small=_listed(each.name for each in pictures if min(each.size) < training_size),
        long=_listed(each.name for each in pictures if max(each.size) > LONG_ASPECT * min(each.size)),
        grey=_listed(picture.name for picture in pictures if picture.is_grey),
        flat=_listed(picture.name for picture in pictures if picture.is_flat),
        colour=_mean([picture.colour for picture in pictures]),
    )


def duplicates(groups: Groups, pictures: Sequence[Measured]) -> Duplicates:
    made = [_group([pictures[index] for index in group]) for group in groups]
    made.sort(key=lambda group: (not group.across_splits, not group.across_domains))
    return Duplicates(
        groups=len(made),
        pictures=sum(map(len, groups)),
        across_splits=sum(group.across_splits for group in made),
        across_domains=sum(group.across_domains for group in made),
        listed=tuple(made[:MAX_LISTED]),
    )


def copies(exact: Groups, near: Groups, pictures: Sequence[Measured]) -> Copies:
    in_train, altered = (_of_test(groups, pictures) for groups in (exact, near))
    in_both = (
        group for group in [*exact, *near] if len({pictures[index].folder.domain for index in group}) > 1
    )
    return Copies(
        len(in_train), len(altered - in_train), len({index for group in in_both for index in group})
    )


def _of_test(groups: Groups, pictures: Sequence[Measured]) -> set[int]:
    """Those to test on that are in one group with one to train on."""
    leaked = set()
    for group in groups:
        splits = {index: pictures[index].folder.split for index in group}
        if "train" in splits.values():
            leaked |= {index for index, split in splits.items() if split == "test"}
    return leaked


def shared(groups: Groups, pictures: Sequence[Measured]) -> float:
    """The largest share of a training domain that the other one has as well."""
    totals = Counter(picture.folder.domain for picture in pictures if picture.folder.split == "train")
    seen: dict[str, set[int]] = {domain: set() for domain in totals}
    for group in groups:
        train = [index for index in group if pictures[index].folder.split == "train"]
        if len({pictures[index].folder.domain for index in train}) > 1:
            for index in train:
                seen[pictures[index].folder.domain].add(index)
    return max((len(seen[domain]) / total for domain, total in totals.items()), default=0.0)


def _group(pictures: Sequence[Measured]) -> Group:
    folders = [picture.folder for picture in pictures]
    return Group(
        count=len(pictures),
        files=tuple(picture.name for picture in pictures[:MAX_LISTED]),
        across_splits=len({folder.split for folder in folders}) > 1,
        across_domains=len({folder.domain for folder in folders}) > 1,
    )


def _listed(files: Iterable[str]) -> Listed:
    names = tuple(files)
    return Listed(len(names), names[:MAX_LISTED])


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _range(sides: Sequence[int]) -> Range | None:
    return Range(min(sides), int(np.median(sides)), max(sides)) if sides else None


def _mean(colours: Sequence[Colour]) -> Colour | None:
    if not colours:
        return None
    levels = np.mean([astuple(colour) for colour in colours], axis=0)
    return Colour(*(round(float(level), 1) for level in levels))  # more of a level would be noise
