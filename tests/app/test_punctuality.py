"""Connections on which nothing, or half a header, comes."""

import socket
from urllib.parse import urlsplit

import pytest
from httpx import Client

from app import punctuality

SOON_S = 0.4
HALF = b"GET /livez HTTP/1.1\r\nHost: loc"
WHOLE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    monkeypatch.setattr(punctuality, "HEADERS_S", SOON_S)
    address = urlsplit(str(client.base_url))
    return socket.create_connection((address.hostname, address.port), timeout=20)


@pytest.mark.parametrize("sent", [b"", HALF, WHOLE + HALF], ids=["nothing", "half", "half of the next"])
def test_it_ends(connection: socket.socket, sent: bytes) -> None:
    with connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert received.count(b"HTTP/1.1 200 OK") == sent.count(WHOLE)


def test_a_header_that_comes_in_time_is_answered(connection: socket.socket) -> None:
    with connection:
        connection.sendall(HALF)
        connection.sendall(WHOLE.removeprefix(HALF))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
