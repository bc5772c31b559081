"""A request's headers come soon, and its answer is taken, or their connection ends: nobody can hold all
connections, or the memory of answers that are not taken.

A body has a deadline of its own, where it is read, and an idle connection has the server's.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 10.0
PIECE_BYTES = 1 << 18
PIECE_S = 30.0


class Pieces:
    """A large answer leaves in pieces, each once the one before has been taken: the server would put all of
    it into its buffer, and call it sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_pieces(message: Message) -> None:
            body, sent = message.get("body", b""), 0
            for start in range(0, len(body) - PIECE_BYTES, PIECE_BYTES):
                piece = body[start : start + PIECE_BYTES]
                await send({"type": message["type"], "body": piece, "more_body": True})
                sent = start + PIECE_BYTES
            await send({**message, "body": body[sent:]} if sent else message)

        await self.app(scope, receive, send_pieces)


class PunctualProtocol(HttpToolsProtocol):
    """For uvicorn's `http`."""

    _late: asyncio.TimerHandle | None = None
    _untaken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self._note_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken = self.loop.call_later(PIECE_S, self.transport.abort)  # close() waits for the client

    def resume_writing(self) -> None:
        self._note_taken()
        super().resume_writing()

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

    def _note_taken(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def _end(self) -> None:
        if self._is_answering:
            self._expect_headers()  # of the next request, sent while the answer to one is under way
        else:
            self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
