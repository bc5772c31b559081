"""What every exchange gets: an id, the browser's safety headers, HEAD, and a body that ends."""

import asyncio
import re
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
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
    """Raises BodyTooLarge and BodyTimeout where the body is read: the one renderer of errors answers."""

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
            return await self.app(scope, receive, send)
        declared = Headers(scope=scope).get("content-length", "")
        matching = (limits for path, limits in self.by_path.items() if re.fullmatch(path, scope["path"]))
        max_body_bytes, timeout_s = next(matching, self.others)
        due = asyncio.get_running_loop().time() + timeout_s
        size, complete = 0, False

        async def receive_limited() -> Message:
            nonlocal size, complete
            if complete:  # what comes now is the client leaving, at any time
                return await receive()
            _check(int(declared) if declared.isdecimal() else 0, max_body_bytes)
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                raise BodyTimeout(timeout_s) from None
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            _check(size, max_body_bytes)
            return message

        return await self.app(scope, receive_limited, send)


def _check(size: int, max_body_bytes: int) -> None:
    if size > max_body_bytes:
        raise BodyTooLarge(max_body_bytes, size)
