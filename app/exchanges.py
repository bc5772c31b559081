"""Every exchange, counted and logged when it has ended: its route, never the path that was asked for."""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.auth import PROBES
from app.metrics import Metrics

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
MAY_COME_AGAIN = {429, 503, 504}
UNKNOWN = "unknown"
logger = logging.getLogger(__name__)


class Exchanges:
    """Inside of what gives requests their id, outside of what answers errors. HEAD counts as GET."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status = perf_counter(), 500  # what has raised is answered outside

        async def send_noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with bound_contextvars(request_id=scope["state"]["request_id"]):
            try:
                await self.app(scope, receive, send_noting)
            finally:
                self._note(scope, status, perf_counter() - started)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        route, problem = route_of(scope), scope["state"].get("problem")
        method = scope["method"] if scope["method"] in METHODS else UNKNOWN
        self.metrics.http_requests.labels(route, method, status).inc()
        self.metrics.http_seconds.labels(route).observe(took_s)
        if status in MAY_COME_AGAIN and route not in PROBES:
            self.metrics.rejected.labels(problem).inc()
        event = {"method": method, "route": route, "status": status, "duration_ms": round(took_s * 1e3, 1)}
        optional = {"model": scope["state"].get("model"), "problem": problem}
        event |= {name: value for name, value in optional.items() if value}
        logger.log(logging.DEBUG if route in PROBES else logging.INFO, "request", extra=event)


def route_of(scope: Scope) -> str:
    """As it is declared; of a mounted folder the folder, of what leads nowhere UNKNOWN."""
    route, has_parameters = scope.get("route"), bool(scope.get("path_params"))
    plain = scope["path"] if "endpoint" in scope and not has_parameters else None  # the framework's own
    return getattr(route, "path", None) or scope.get("root_path") or plain or UNKNOWN
