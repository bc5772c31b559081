"""A server that stops in two steps: first it finishes what it has and refuses more, then it leaves."""

import asyncio
import math
import socket
from time import monotonic
from types import FrameType

import uvicorn

from app.engine import Engine

FLUSH_SHARE = 0.2  # of the time to stop: for answers on their way, and for those who get none


class DrainingServer(uvicorn.Server):
    """The first signal begins it, a second one ends it. `patience_s` is for all of it.

    Meanwhile the service can be asked for its health, and for anything but a translation. What has no end of
    its own ends by `stopping`.
    """

    def __init__(self, config: uvicorn.Config, patience_s: float, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._patience_s, self._stopping = patience_s, stopping
        self._due: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._due is None:
            self._captured_signals.append(sig)  # raised again at the end, which tells who waits for it
            self._due = monotonic() + self._patience_s
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._due is not None and not self.should_exit:
            self.should_exit = self._is_drained(self._due - monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    def _is_drained(self, left_s: float) -> bool:
        engine: Engine = self.lifespan.state["engine"]
        engine.stop()
        self._stopping.set()
        if engine.under_way and left_s > FLUSH_SHARE * self._patience_s:
            return False
        engine.abandon()
        self.config.timeout_graceful_shutdown = math.ceil(max(left_s, 0))
        return True
