"""How many translations are in memory: pictures that arrive, those that are drawn, and answers that leave."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.engine import Overloaded

RETRY_S = 2


class Admission:
    """Of the exchanges at `path`, `limit` at once, from before the body to the last piece of the answer."""

    def __init__(self, app: ASGIApp, path: str, limit: int) -> None:
        self.app, self.path, self.limit = app, path, limit
        self._admitted = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Overloaded."""
        if scope["type"] != "http" or scope["path"] != self.path:
            return await self.app(scope, receive, send)
        if self._admitted >= self.limit:
            raise Overloaded(self._admitted, RETRY_S)
        self._admitted += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._admitted -= 1
