"""What every exchange gets: an id, the browser's safety headers, HEAD, and a body that ends."""

import asyncio
import re
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "SJMVI-Request-Id"
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
}


class BodyTooLarge(ValueError):
    def __init__(self, limit: int, got: int) -> None:
        super().__init__(f"the body has more than {limit / 1e6:g} MB")
        self.limit, self.got = limit, got


class BodyTimeout(TimeoutError):
    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the body did not arrive within {limit_s:g} s")
        self.limit = limit_s


class Identity:
    """Echoes the client's request id or makes one, and sets the safety headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({REQUEST_ID: request_id, **SAFETY})
            await send(message)

        return await self.app(scope, receive, send_identified)


class Head:
    """HEAD as GET, which is all that the framework's routes know. The server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            whole = [(name, value) for name, value in scope["headers"] if name != b"range"]  # of GET alone
            scope = {**scope, "method": "GET", "headers": whole}
        return await self.app(scope, receive, send)


class BodyLimit:
    """Raises BodyTooLarge at once where the length is declared, else where the body is read, and BodyTimeout
    there: the one renderer of errors answers, whatever the reader has made of them."""

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int,
        timeout_s: float,
        by_path: Mapping[str, tuple[int, float]] = MappingProxyType({}),
    ) -> None:
        """`by_path` has the bytes and seconds of paths with limits of their own, which its patterns match."""
        self.app, self.by_path, self.others = app, by_path, (max_body_bytes, timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        matching = (limits for path, limits in self.by_path.items() if re.fullmatch(path, scope["path"]))
        max_body_bytes, timeout_s = next(matching, self.others)
        _check(int(declared) if declared.isdecimal() else 0, max_body_bytes)
        body = _Body(receive, send, max_body_bytes, timeout_s)
        await self.app(scope, body.receive, body.send)
        body.check()


class _Body:
    """As it arrives. Why it did not goes before what the reader answers: the framework has one answer, 400,
    to whatever goes wrong while it reads JSON."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int, timeout_s: float) -> None:
        self._receive, self._send = receive, send
        self._max_bytes, self._timeout_s = max_bytes, timeout_s
        self._due = asyncio.get_running_loop().time() + timeout_s
        self._size, self._is_complete = 0, False
        self._error: Exception | None = None
        self._is_answered = False

    def check(self) -> None:
        """When all has been done. Raises BodyTooLarge, BodyTimeout, ClientDisconnect."""
        if self._error is not None and not self._is_answered:
            raise self._error

    async def receive(self) -> Message:
        if self._is_complete:  # what comes now is the client leaving, at any time
            return await self._receive()
        try:
            return await self._next()
        except (BodyTooLarge, BodyTimeout) as error:
            self._error = error
            raise

    async def send(self, message: Message) -> None:
        if self._error is None or self._is_answered:
            self._is_answered = True
            await self._send(message)

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self._due):
                message = await self._receive()
        except TimeoutError:
            raise BodyTimeout(self._timeout_s) from None
        if message["type"] == "http.disconnect":
            self._error = ClientDisconnect()
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        _check(self._size, self._max_bytes)
        return message


def _check(size: int, max_body_bytes: int) -> None:
    if size > max_body_bytes:
        raise BodyTooLarge(max_body_bytes, size)
