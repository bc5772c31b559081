"""Connections on which nothing, or no whole header, comes, or whose answer is not taken; the server lets idle
ones be for a minute."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app import punctuality
from app.admission import Admission
from app.engine import Overloaded

SOON_S = 0.4
HALF = b"GET / HTTP/1.1\r\nHost: loc"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE_BYTES, PATTERN = 64_000_000, bytes(range(250))
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Without a look at the body."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


class Large:
    """Answers that no system's buffers hold, and when one of them has left."""

    def __init__(self) -> None:
        self.has_begun, self.has_left = Event(), Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(LARGE_BYTES).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.has_begun.set()
        await send({"type": "http.response.body", "body": PATTERN * (LARGE_BYTES // len(PATTERN))})
        self.has_left.set()


@contextmanager
def served(app: ASGIApp) -> Iterator[socket.socket]:
    config = uvicorn.Config(
        app, http=punctuality.PunctualProtocol, log_config=None, lifespan="off", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener
        server.should_exit = server.force_exit = True
        thread.join()


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with served(refuse) as listener:
        yield listener


@pytest.fixture
def connection(listener: socket.socket) -> Iterator[socket.socket]:
    with socket.create_connection(listener.getsockname(), timeout=20) as connection:
        yield connection


@pytest.mark.parametrize(
    ("answered", "then"),
    [(b"", b""), (b"", HALF), (WHOLE, HALF), (WHOLE, b"\r\n"), (BODY, b"x")],
    ids=["nothing", "half a header", "half of the next", "a line of none", "of a body that nobody wants"],
)
def test_it_ends(
    answered: bytes, then: bytes, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(punctuality, "HEADERS_S", SOON_S)
    with socket.create_connection(listener.getsockname(), timeout=20) as connection:
        if answered:
            connection.sendall(answered)
            assert connection.recv(4096).startswith(b"HTTP/1.1 401")
        connection.sendall(then)
        while connection.recv(4096):  # until the other side ends it
            pass


def test_one_that_is_punctual_is_answered_again_and_again(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(HALF)
        connection.sendall(WHOLE.removeprefix(HALF))
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


def connected(listener: socket.socket) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=60)


def taken(connection: socket.socket) -> bytes:
    """All that comes until the other side ends it."""
    answer = bytearray()
    with suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            answer += piece
    return bytes(answer)


def test_an_answer_that_is_not_taken_ends_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(punctuality, "PIECE_S", SOON_S)
    large = Large()
    with served(punctuality.Pieces(large)) as listener, connected(listener) as connection:
        connection.sendall(WHOLE)
        assert large.has_left.wait(60)  # for good: nobody has taken it
        assert len(taken(connection)) < LARGE_BYTES


def test_a_large_answer_that_is_taken_is_whole() -> None:
    large = Large()
    with served(punctuality.Pieces(large)) as listener, connected(listener) as connection:
        connection.sendall(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        body = taken(connection).partition(b"\r\n\r\n")[2]
    assert body == PATTERN * (LARGE_BYTES // len(PATTERN))


def test_an_answer_that_leaves_has_its_place_until_it_is_taken() -> None:
    large = Large()
    admission = Admission(large, "/", 1)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await admission(scope, receive, send)
        except Overloaded:
            await refuse(scope, receive, send)

    with (
        served(punctuality.Pieces(answer)) as listener,
        connected(listener) as first,
        connected(listener) as second,
    ):
        first.sendall(WHOLE)
        assert large.has_begun.wait(60)
        second.sendall(WHOLE)
        assert second.recv(4096).startswith(b"HTTP/1.1 401")
        while not large.has_left.is_set():
            first.recv(1 << 20)
        second.sendall(WHOLE)
        assert second.recv(4096).startswith(b"HTTP/1.1 200")
