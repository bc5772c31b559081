"""The network works, and all around it goes on: health, refusals, deadlines, and clients that leave."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic, sleep

import pytest
import torch
from httpx import Client, Response

from translation.codec import Picture
from translation.translator import Samples, TranslationRequest, Translator

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}
HEAD = f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n".encode()


@dataclass
class Gate:
    """Before every network: it counts who comes, and lets nobody pass until it is opened."""

    opened: Event = field(default_factory=Event)
    entered: int = 0

    def wait_for(self, entered: int) -> None:
        eventually(lambda: self.entered >= entered)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, sample = Gate(), Translator.sample

    def gated(self: Translator, picture: Picture, request: TranslationRequest) -> Samples:
        gate.entered += 1
        gate.opened.wait(30)
        return sample(self, picture, request)

    monkeypatch.setattr(Translator, "sample", gated)
    yield gate
    gate.opened.set()


@pytest.fixture
def senders() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as senders:
        yield senders


def eventually(happens: Callable[[], bool], within_s: float = 20) -> None:
    due = monotonic() + within_s
    while not happens():
        assert monotonic() < due
        sleep(0.01)


def connection(client: Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10)


def send(senders: ThreadPoolExecutor, client: Client, picture: bytes) -> Future[Response]:
    return senders.submit(client.post, URL, content=picture, headers=JPEG)


def test_the_event_loop_answers_while_the_network_works(
    client: Client, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    translation = send(senders, client, photograph)
    gate.wait_for(entered=1)
    assert client.get("/livez").status_code == client.get("/v1/models").status_code == 200
    assert not translation.done()
    gate.opened.set()
    assert translation.result().status_code == 200


def test_a_full_queue_tells_when_to_come_again(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve(max_queue=2) as client:
        accepted = [send(senders, client, photograph) for _ in range(2)]
        eventually(lambda: client.post(URL).status_code == 429)  # before a body is looked at
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert refused.json()["type"] == "overloaded"
        assert int(refused.headers["Retry-After"]) >= 1
        assert client.get("/readyz").status_code == 200
        gate.opened.set()
        assert [translation.result().status_code for translation in accepted] == [200, 200]
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


def test_what_passes_its_deadline_leaves_the_queue(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve(timeout_s=0.5) as client:
        translations = [send(senders, client, photograph) for _ in range(3)]
        for translation in translations:
            assert (translation.result().status_code, translation.result().json()["limit"]) == (504, 0.5)
        gate.opened.set()
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200
        assert gate.entered == 2  # one was at work when its deadline passed, the others never were


def test_a_client_that_leaves_gives_its_place_up(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve(max_queue=2) as client:
        first = send(senders, client, photograph)
        gate.wait_for(entered=1)
        with connection(client) as leaver:
            leaver.sendall(HEAD + f"Content-Length: {len(photograph)}\r\n\r\n".encode() + photograph)
            eventually(lambda: client.post(URL).status_code == 429)
        eventually(lambda: client.post(URL).status_code == 415)  # there is room to look at a body again
        gate.opened.set()
        assert first.result().status_code == 200
        assert gate.entered == 1


def test_samples_times_pixels_are_limited(serve: Serve, photograph: bytes) -> None:
    with serve(max_output_pixels=61 * 43 * 2) as client:
        assert client.post(f"{URL}&samples=2", content=photograph, headers=JPEG).status_code == 200
        refused = client.post(f"{URL}&samples=3", content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (413, "too-many-pixels")


def test_a_body_that_does_not_arrive_is_given_up(serve: Serve) -> None:
    with serve(body_timeout_s=0.2) as client, connection(client) as slow:
        slow.sendall(HEAD + b"Content-Length: 9\r\n\r\nx")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_device_without_memory_is_a_reason_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. GPU 0 has a total capacity of 8 GiB")

    with monkeypatch.context() as patched:
        patched.setattr(Translator, "sample", fail)
        refused = client.post(URL, content=photograph, headers=JPEG)
    assert (refused.status_code, refused.json()["type"]) == (503, "out-of-memory")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "GPU 0" not in refused.text
    assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


def test_an_error_of_our_own_tells_nothing_of_the_inside(
    client: Client, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(Translator, "sample", fail)
    answer = client.post(URL, content=photograph, headers=JPEG)
    assert (answer.status_code, answer.json()["type"]) == (500, "internal-error")
    assert "secret" not in answer.text
    assert answer.headers["SJMVI-Request-Id"] == answer.json()["instance"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
