import inspect
import re
import sys

import pytest

from app.cli import execute  # noqa: F401 - and with it, every module of the command line
from app.errors import FRAMEWORK, PROBLEMS, problem_of


def our_errors() -> list[type[Exception]]:
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] in ("app", "translation")]
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    return sorted(
        (
            kind
            for kind in kinds
            if issubclass(kind, Exception) and kind.__module__.startswith(("app", "translation"))
        ),
        key=str,
    )


@pytest.mark.parametrize("kind", our_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_meaning_outside(kind: type[Exception]) -> None:
    row = next(PROBLEMS[each] for each in kind.__mro__ if each in PROBLEMS)
    assert row.slug not in ("internal-error", "system-error")


def test_the_most_specific_class_decides() -> None:
    class Worse(next(iter(PROBLEMS))):  # type: ignore[misc]
        pass

    assert problem_of(Worse()) is next(iter(PROBLEMS.values()))
    assert problem_of(ZeroDivisionError()) is PROBLEMS[Exception]


@pytest.mark.parametrize(
    "problem", [*PROBLEMS.values(), *FRAMEWORK.values()], ids=lambda problem: problem.slug
)
def test_a_slug_is_words_and_a_status_is_one_of_an_error(problem: object) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", problem.slug)
    assert 400 <= problem.status < 600
    assert 1 <= problem.exit_code <= 6
