"""Is the process alive, and ready for more: for whoever starts, routes to, or restarts the service."""

import asyncio

from fastapi import APIRouter

from app.database.faults import DatabaseFault
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
    """200 while a model is warm, there is room in the queue, and jobs can be taken."""
    reasons = state["engine"].reasons()
    try:
        await asyncio.to_thread(state["jobs"].check_writable)
    except DatabaseFault as fault:
        reasons = [*reasons, str(fault)]
    if reasons:
        raise NotReady(*reasons)
    return Health(status="ready")
