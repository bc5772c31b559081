import inspect
import re
import sys

import pytest
from pydantic import ValidationError

from app.errors import FRAMEWORK, PROBLEMS, faults_of
from app.jobs.schemas import TrainRequest
from app.problem import Problem, problem_of
from translation.signals import Stopped


def our_errors() -> list[type[Exception]]:
    """Those of all modules that the table itself has to import; a wish to stop is met by who asked."""
    names = {name for name in sys.modules if name.startswith(("app.", "translation."))}
    names.discard("translation.published.unpickle")  # a process of its own, whose exit code says it all
    members = (kind for name in names for _, kind in inspect.getmembers(sys.modules[name], inspect.isclass))
    return sorted(
        {kind for kind in members if issubclass(kind, Exception) and kind.__module__ in names} - {Stopped},
        key=str,
    )


@pytest.mark.parametrize("kind", our_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_meaning_outside(kind: type[Exception]) -> None:
    row = next(PROBLEMS[each] for each in kind.__mro__ if each in PROBLEMS)
    assert row.slug not in ("internal-error", "system-error")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("model", "My model", "should be of a-z, 0-9, '.', '_' and '-', a letter or a digit first"),
        ("domains", "horse", "should be two names with a comma between, each of a-z, 0-9"),
        ("recipe", "/etc", "should match pattern '^"),
        ("minutes", 0, "should be greater than 0"),
        ("set", 3, "should be a valid dictionary"),
        ("set", {"evaluation.features": 1}, "may not have evaluation.features"),
        ("colour", "red", "is not known here"),
    ],
)
def test_what_a_value_should_be_is_said_in_words(field: str, value: object, said: str) -> None:
    order = {"kind": "train", "dataset": "pair", "model": "mine", field: value}
    with pytest.raises(ValidationError) as raised:
        TrainRequest.model_validate(order)
    ((name, fault),) = faults_of(raised.value)
    assert name == field
    assert fault.startswith(said)


def test_the_most_specific_class_decides() -> None:
    class Worse(next(iter(PROBLEMS))):  # type: ignore[misc]
        pass

    assert problem_of(Worse(), PROBLEMS) is next(iter(PROBLEMS.values()))
    assert problem_of(ZeroDivisionError(), PROBLEMS) is PROBLEMS[Exception]


@pytest.mark.parametrize("row", [*PROBLEMS.values(), *FRAMEWORK.values()], ids=lambda row: row.slug)
def test_a_slug_is_words_and_a_status_is_one_of_an_error(row: Problem) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", row.slug)
    assert 400 <= row.status < 600
    assert 1 <= row.exit_code <= 6
