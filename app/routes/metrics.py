"""For Prometheus."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from app.dependencies import StateDep

router = APIRouter(tags=["health"])
TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The counters", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", operation_id="metrics", response_class=Response, responses=TEXT)
def metrics(state: StateDep) -> Response:
    """Counters and gauges in Prometheus' text format."""
    return Response(generate_latest(state["metrics"].registry), media_type=CONTENT_TYPE_LATEST)
