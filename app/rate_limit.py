"""How often a key, or an address without one, may call: a window that moves, and header fields that tell it.

RateLimit and RateLimit-Policy: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import ipaddress
import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import is_called_by_users

POLICY = '"calls"'
NEIGHBOURHOOD = {4: 32, 6: 64}  # bits of an address: in version 6 a household has 2^64 of them


class RateLimited(RuntimeError):
    def __init__(self, limit: RateLimitItem, retry_after_s: int, headers: dict[str, str]) -> None:
        super().__init__(f"more calls than {limit}; try again in {retry_after_s} s")
        self.retry_after_s, self.headers = retry_after_s, headers
        self.limit = limit.amount


class RateLimit:
    """Behind the authentication. Whoever calls from this machine without a key is not counted."""

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self.app = app
        self._limit = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = _caller(scope)
        if caller is None:
            return await self.app(scope, receive, send)
        allowed = self._limiter.hit(self._limit, caller)
        headers, reset_s = self._fields(caller)
        if not allowed:
            raise RateLimited(self._limit, reset_s, headers)

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        return await self.app(scope, receive, send_counted)

    def _fields(self, caller: str) -> tuple[dict[str, str], int]:
        """And the seconds until the oldest of the counted calls is forgotten."""
        stats = self._limiter.get_window_stats(self._limit, caller)
        reset_s = max(1, math.ceil(stats.reset_time - time.time()))
        return {
            "RateLimit-Policy": f"{POLICY};q={self._limit.amount};w={self._limit.get_expiry()}",
            "RateLimit": f"{POLICY};r={stats.remaining};t={reset_s}",
        }, reset_s


def _caller(scope: Scope) -> str | None:
    """None where calls are not counted."""
    if scope["type"] != "http" or not is_called_by_users(scope["path"]):
        return None
    key = scope["state"]["key"]
    if key is not None:
        return f"key {key.name}"
    return counted_address(scope["client"][0]) if scope["client"] else None


def counted_address(host: str) -> str | None:
    """The network that is counted as one caller; None for this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name that a proxy gave
        return host
    if address.is_loopback:
        return None
    return str(ipaddress.ip_network((host, NEIGHBOURHOOD[address.version]), strict=False))
