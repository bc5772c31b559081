"""Is the process alive, and is a model warm: for whoever starts, routes to, or restarts the service."""

from fastapi import APIRouter

from app.dependencies import StateDep
from app.problems import problem_responses
from app.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="alive")
async def alive() -> Health:
    """200 while the event loop turns."""
    return Health(status="alive")


@router.get("/readyz", operation_id="ready", responses=problem_responses(503))
async def ready(state: StateDep) -> Health:
    """200 once a model is warm."""
    _ = state["engine"].default
    return Health(status="ready")
