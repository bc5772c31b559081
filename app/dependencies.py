"""What the lifespan made, as the routes ask for it."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Header, Request
from pydantic import Field

from app.auth import Gate
from app.bundles.publisher import Publisher
from app.datasets.intake import Intake
from app.engine import Engine
from app.jobs.caller import Caller
from app.jobs.deferral import Deferral
from app.jobs.service import Jobs
from app.jobs.streams import Streams
from app.metrics import Metrics
from app.results import Results
from app.settings import Settings
from translation.registry import Registry


class State(TypedDict):
    settings: Settings
    registry: Registry
    engine: Engine
    metrics: Metrics
    gate: Gate
    results: Results
    intake: Intake
    publisher: Publisher
    jobs: Jobs
    streams: Streams
    deferral: Deferral


async def _caller(request: Request) -> Caller:
    return Caller(request.state["key"])


async def _state(request: Request) -> State:
    return cast(State, request.state)


StateDep = Annotated[State, Depends(_state)]
CallerDep = Annotated[Caller, Depends(_caller)]
ORDER_KEY = (
    "of the client's making, new for each order: the same one brings the first answer again, for 24 hours"
)
OrderKey = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
IdempotencyKey = Annotated[OrderKey | None, Header(description=ORDER_KEY)]
