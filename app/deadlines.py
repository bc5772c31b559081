"""How long a request may take: the service's own limit, or a shorter one that the request sets."""

from typing import Annotated

from fastapi import Header
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

HEADER = "SJMVI-Timeout-Ms"
DAY_MS = 86_400_000

TimeoutMs = Annotated[
    Annotated[int, Field(ge=1, le=DAY_MS)] | SkipJsonSchema[None],  # absent; "null" would be no number
    Header(
        alias=HEADER,
        description="milliseconds, waiting included; at most timeout_s of GET /v1/limits, the default",
    ),
]


class BadTimeout(ValueError):
    def __init__(self, limit_ms: int, got_ms: int) -> None:
        super().__init__(f"{HEADER} should be a whole number of milliseconds from 1 to {limit_ms}")
        self.limit, self.got = limit_ms, got_ms


def timeout_of(given_ms: int | None, max_s: float) -> float:
    """In seconds. Raises BadTimeout."""
    if given_ms is None:
        return max_s
    if given_ms > max_s * 1000:
        raise BadTimeout(int(max_s * 1000), given_ms)
    return given_ms / 1000
