"""Is the process alive, and ready for more: for whoever starts, routes to, or restarts the service."""

from fastapi import APIRouter

from app.dependencies import StateDep
from app.engine import NotReady
from app.problems import problem_responses
from app.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="alive")
async def alive() -> Health:
    """200 while the event loop turns."""
    return Health(status="alive")


@router.get("/readyz", operation_id="ready", responses=problem_responses(503))
async def ready(state: StateDep) -> Health:
    """200 while a model is warm and there is room in the queue."""
    reasons = state["engine"].reasons()
    if reasons:
        raise NotReady(*reasons)
    return Health(status="ready")
