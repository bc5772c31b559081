"""Connections on which nothing, or no whole header, comes; the server lets idle ones be for a minute."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app import punctuality

SOON_S = 0.4
HALF = b"GET / HTTP/1.1\r\nHost: loc"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Without a look at the body."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    config = uvicorn.Config(
        refuse, http=punctuality.PunctualProtocol, log_config=None, lifespan="off", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener
        server.should_exit = server.force_exit = True
        thread.join()


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
