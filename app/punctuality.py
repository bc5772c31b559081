"""A request's headers come soon, or their connection ends: who holds them back cannot hold all connections.

A body has a deadline of its own, where it is read, and an idle connection has the server's.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 10.0


class PunctualProtocol(HttpToolsProtocol):
    """For uvicorn's `http`."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_headers()

    def on_headers_complete(self) -> None:
        self._expect_nothing()
        super().on_headers_complete()

    def _expect_headers(self) -> None:
        self._expect_nothing()
        self._late = self.loop.call_later(HEADERS_S, self._end)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()

    def _end(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_headers()  # of the next request, sent while the answer to one is under way
        else:
            self.transport.close()
