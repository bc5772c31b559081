"""What a report means for a training: each finding with what to do. A check is a row of CHECKS.

Errors are what training refuses as well. Of the thresholds none is a law; each has its reason beside it.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeAlias

from training.doctor import folder_checks, pair_checks
from training.doctor.report import Finding, Report

Check: TypeAlias = Callable[[Report], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    folder_checks.nothing_to_train_on,
    folder_checks.too_many_unreadable,
    folder_checks.unreadable,
    folder_checks.passed_over,
    folder_checks.few,
    pair_checks.uneven,
    pair_checks.leak,
    pair_checks.shared,
    folder_checks.repeated,
    folder_checks.small,
    pair_checks.sizes,
    folder_checks.long,
    folder_checks.grey,
    folder_checks.flat,
    pair_checks.colour,
    pair_checks.surroundings,
)


def findings(report: Report) -> Iterator[Finding]:
    """Errors first, then warnings, in the order of the table."""
    return chain.from_iterable(check(report) for check in CHECKS)
