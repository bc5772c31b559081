"""What becomes of an error: a slug, an HTTP status and an exit code."""

from collections.abc import Mapping
from dataclasses import dataclass

FAILED, USAGE, INPUT, MODEL, ENVIRONMENT, SOME_FAILED = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class Problem:
    slug: str
    status: int
    exit_code: int = FAILED

    @property
    def title(self) -> str:
        return self.slug.replace("-", " ").capitalize()


Table = Mapping[type[Exception], Problem]


def problem_of(error: Exception, table: Table) -> Problem:
    """The row of the error's most specific class. Raises KeyError where no class of it has one."""
    rows = (table[kind] for kind in type(error).__mro__ if kind in table)
    found = next(rows, None)
    if found is None:
        raise KeyError(type(error).__name__)
    return found
