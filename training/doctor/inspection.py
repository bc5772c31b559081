"""A pair of folders inspected: every picture decoded once, and in memory no longer than it is measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.doctor.colour import colour_auc
from training.doctor.duplicates import Groups, exact_groups, near_groups
from training.doctor.findings import findings
from training.doctor.folders import PictureFolder
from training.doctor.measure import Measured, Unreadable, measure_all
from training.doctor.report import SCHEMA, Report
from training.doctor.summary import copies, duplicates, folder_report, shared
from training.doctor.surroundings import surroundings
from translation.signals import Stopped


@dataclass(frozen=True)
class Inspection:
    """The report, and the pictures that it speaks of."""

    report: Report
    pictures: tuple[Measured, ...]


def inspect(
    folders: Sequence[PictureFolder],
    training_size: int,
    advance: Callable[[int, int], None] = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
    balanced: bool = False,
) -> Inspection:
    """`training_size` in pixels, `balanced` as in the report; `advance` is told of (done, total). A bad
    picture becomes a finding and raises nothing. Raises Stopped once `stopped`."""
    measured = list(measure_all(folders, advance, stopped))
    pictures = [each for each in measured if isinstance(each, Measured)]
    lost = [each for each in measured if isinstance(each, Unreadable)]
    train = [[each for each in pictures if each.folder is folder] for folder in folders[:2]]
    around = surroundings(train, _further(advance, len(measured)), stopped)
    if stopped():
        raise Stopped("stopped")
    exact, near = exact_groups([picture.digest for picture in pictures]), _near(pictures)
    colours = [[each.colour for each in side] for side in train]
    report = Report(
        schema=SCHEMA,
        usable=True,
        training_size=training_size,
        balanced=balanced,
        folders=tuple(folder_report(folder, pictures, lost, training_size) for folder in folders),
        exact=duplicates(exact, pictures),
        near=duplicates(near, pictures),
        copies=copies(exact, near, pictures),
        shared=shared([*exact, *near], pictures),
        colour_auc=colour_auc(*colours) if len(colours) > 1 else None,
        surroundings=around,
        findings=(),
    )
    made = tuple(findings(report))
    usable = not any(finding.level == "error" for finding in made)
    return Inspection(replace(report, findings=made, usable=usable), tuple(pictures))


def _further(advance: Callable[[int, int], None], told: int) -> Callable[[int, int], None]:
    """Of what comes after the first `told`."""
    return lambda done, total: advance(told + done, told + total)


def _near(pictures: Sequence[Measured]) -> Groups:
    """Exact copies are compared as one; a picture of a single colour shows nothing to compare."""
    copies: dict[str, list[int]] = {}
    for index, picture in enumerate(pictures):
        if not picture.is_flat:
            copies.setdefault(picture.digest, []).append(index)
    alike = list(copies.values())
    hashes = np.array([pictures[each[0]].hash for each in alike], np.uint64).reshape(-1, 4)
    return [sorted(index for each in group for index in alike[each]) for group in near_groups(hashes)]
