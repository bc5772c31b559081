"""What the lifespan made, as the routes ask for it."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request

from app.auth import Gate
from app.datasets.intake import Intake
from app.engine import Engine
from app.results import Results
from app.settings import Settings
from translation.registry import Registry


class State(TypedDict):
    settings: Settings
    registry: Registry
    engine: Engine
    gate: Gate
    results: Results
    intake: Intake


async def _state(request: Request) -> State:
    return cast(State, request.state)


StateDep = Annotated[State, Depends(_state)]
