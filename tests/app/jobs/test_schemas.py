"""What an order may ask for, the command that does it takes: else it is accepted, waits, and fails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel

from app.cli_evaluate import _seeds, evaluate
from app.cli_translate import _process_size, translate
from app.jobs.schemas import EvaluateRequest, TranslateRequest
from app.schemas import TranslationParameters
from training.evaluation.figures import EvaluationProtocol

Row = dict[str, Any]
ORDERS: dict[str, tuple[type[BaseModel], Callable[..., None]]] = {
    "evaluate": (EvaluateRequest, evaluate),
    "translate": (TranslateRequest, translate),
    "translate one picture": (TranslationParameters, translate),
}


def numbers(order: type[BaseModel]) -> dict[str, Row]:
    """The fields that may be a number, as the service's description has them."""
    rows = order.model_json_schema()["properties"]
    choices = {name: row.get("anyOf", [row]) for name, row in rows.items()}
    return {
        name: choice
        for name, listed in choices.items()
        for choice in listed
        if choice.get("type") in {"integer", "number"}
    }


def options(command: Callable[..., None]) -> dict[str, Any]:
    hints = get_type_hints(command, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


@pytest.mark.parametrize(("order", "command"), ORDERS.values(), ids=ORDERS)
def test_a_number_that_an_order_takes_is_one_that_its_command_takes(
    order: type[BaseModel], command: Callable[..., None]
) -> None:
    given = options(command)
    assert numbers(order).keys() <= given.keys()
    for name, row in numbers(order).items():
        least, most = given[name].min, given[name].max
        assert least is None or least <= row["minimum"], name
        assert most is None or row["maximum"] <= most, name


@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_what_an_evaluation_may_be_asked_for_its_protocol_takes(end: str) -> None:
    rows = numbers(EvaluateRequest)
    counts = {name: rows[name][end] for name in ("samples", "inputs", "size")}
    assert (
        replace(EvaluationProtocol(_seeds(str(rows["seeds"][end]))), **counts).inputs == rows["inputs"][end]
    )


@pytest.mark.parametrize("order", [TranslateRequest, TranslationParameters])
def test_the_size_of_a_translation_is_read_by_its_command(order: type[BaseModel]) -> None:
    row = numbers(order)["size"]
    for size in (row["minimum"], row["maximum"]):
        assert _process_size(str(size)) == size
