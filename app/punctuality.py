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

    def data_received(self, data: bytes) -> None:
        """The server's idle time ends with any byte, also of no request or of one that is answered."""
        super().data_received(data)
        is_idle = self.timeout_keep_alive_task is not None or self.transport.is_closing()
        if not self._is_answering and not is_idle and self._late is None:
            self._expect_headers()

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
            self._late = None

    def _end(self) -> None:
        if self._is_answering:
            self._expect_headers()  # of the next request, sent while the answer to one is under way
        else:
            self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
