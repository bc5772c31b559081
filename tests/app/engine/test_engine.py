"""The network works, and all around it goes on: health, refusals, deadlines, and clients that leave."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Protocol

import pytest
from httpx import Client, Response

from app.engine import Device, Engine, EngineLimits, NotReady, Overloaded, TooManyPixels
from app.engine.engine import MAX_DECODED_PIXELS
from app.metrics import Metrics
from translation.codec import InvalidImage, Limits
from translation.registry import Registry
from translation.translator import Translator

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}
HEAD = f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n".encode()
ORDER = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Gate(Protocol):
    batches: list[list[int]]

    def wait_for(self, entered: int) -> None: ...

    def open(self) -> None: ...


def eventually(happens: Callable[[], bool], within_s: float = 100) -> None:
    due = monotonic() + within_s
    while not happens():
        assert monotonic() < due
        sleep(0.01)


def connection(client: Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10)


def send(senders: ThreadPoolExecutor, client: Client, picture: bytes, **headers: str) -> Future[Response]:
    return senders.submit(client.post, URL, content=picture, headers={**JPEG, **headers})


def test_the_event_loop_answers_while_the_network_works(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve() as client:
        translation = send(senders, client, photograph)
        gate.wait_for(entered=1)
        assert client.get("/livez").status_code == client.get("/v1/models").status_code == 200
        assert not translation.done()
        gate.open()
        assert translation.result().status_code == 200


def test_a_full_queue_tells_when_to_come_again_and_is_not_ready_for_more(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve(max_queue=2) as client:
        accepted = [send(senders, client, photograph) for _ in range(2)]
        eventually(lambda: client.post(URL).status_code == 429)  # before a body is looked at
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert refused.json()["type"] == "overloaded"
        later = client.post(URL, content=photograph, headers={**JPEG, "Prefer": "respond-async"})
        assert (later.status_code, later.json()["type"]) == (429, "overloaded")
        assert int(refused.headers["Retry-After"]) >= 1
        unready = client.get("/readyz")
        assert unready.status_code == 503
        assert unready.json()["reasons"] == ["2 translations are under way, as many as may be"]
        gate.open()
        assert [translation.result().status_code for translation in accepted] == [200, 200]
        assert client.get("/readyz").status_code == 200
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


def test_what_passes_its_deadline_leaves_the_queue(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    brief = {"SJMVI-Timeout-Ms": "2000"}
    with serve() as client:
        first = send(senders, client, photograph, **brief)
        gate.wait_for(entered=1)
        for translation in (first, *(send(senders, client, photograph, **brief) for _ in range(2))):
            assert translation.result().status_code == 504
        gate.open()
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200
        assert gate.batches == [[1, 7]] * 2  # one was at work when its deadline passed, the others never were


def test_a_service_has_a_deadline_of_its_own(serve: Serve, gate: Gate, photograph: bytes) -> None:
    with serve(timeout_s=0.5) as client:
        answer = client.post(URL, content=photograph, headers=JPEG)
        assert (answer.status_code, answer.json()["limit"]) == (504, 0.5)


def test_a_request_may_set_a_shorter_deadline(
    serve: Serve, gate: Gate, senders: ThreadPoolExecutor, photograph: bytes
) -> None:
    with serve() as client:
        patient = send(senders, client, photograph)
        gate.wait_for(entered=1)
        late = send(senders, client, photograph, **{"SJMVI-Timeout-Ms": "200"}).result()
        assert (late.status_code, late.json()["type"], late.json()["limit"]) == (
            504,
            "deadline-exceeded",
            0.2,
        )
        gate.open()
        assert patient.result().status_code == 200


@pytest.mark.parametrize("timeout_ms", ["0", "-1", "1.5", "soon", "120001", "1" * 400])
def test_a_deadline_is_a_number_of_milliseconds_up_to_the_services_own(
    client: Client, photograph: bytes, timeout_ms: str
) -> None:
    answer = client.post(URL, content=photograph, headers={**JPEG, "SJMVI-Timeout-Ms": timeout_ms})
    assert (answer.status_code, answer.json()["type"]) == (422, "bad-parameter")
    assert "SJMVI-Timeout-Ms" in answer.json()["detail"]


@pytest.mark.parametrize("stage", ["decode", "encode"])
def test_a_deadline_that_passes_before_or_behind_the_network_is_met_as_well(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, photograph: bytes, stage: str
) -> None:
    work, told = getattr(Translator, stage), Event()

    def slow(*arguments: object) -> object:
        told.wait(60)
        return work(*arguments)

    with serve() as client:
        monkeypatch.setattr(Translator, stage, slow)
        brief = {**JPEG, "SJMVI-Timeout-Ms": "300"}
        assert client.post(URL, content=photograph, headers=brief).status_code == 504
        told.set()
        monkeypatch.undo()
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


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
        gate.open()
        assert first.result().status_code == 200
        assert len(gate.batches) == 1


def test_samples_times_pixels_are_limited(serve: Serve, photograph: bytes) -> None:
    with serve(max_output_pixels=61 * 43 * 2) as client:
        assert client.post(f"{URL}&samples=2", content=photograph, headers=JPEG).status_code == 200
        refused = client.post(f"{URL}&samples=3", content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (413, "too-many-pixels")


def test_pictures_that_arrive_are_counted_as_well(serve: Serve, photograph: bytes) -> None:
    with serve(max_queue=1) as client:
        with connection(client) as first, connection(client) as second:
            for arriving in (first, second):
                arriving.sendall(HEAD + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
                assert arriving.recv(100).startswith(b"HTTP/1.1 100")
            refused = client.post(URL, content=photograph, headers=JPEG)
            assert (refused.status_code, refused.json()["type"]) == (429, "overloaded")
            assert client.get("/readyz").status_code == 200
        eventually(lambda: client.post(URL, content=photograph, headers=JPEG).status_code == 200)


@pytest.mark.parametrize("head", [HEAD, ORDER], ids=["picture", "job"])
def test_a_body_that_does_not_arrive_is_given_up(serve: Serve, head: bytes) -> None:
    with serve(body_timeout_s=0.2) as client, connection(client) as slow:
        slow.sendall(head + b"Content-Length: 9\r\n\r\n{")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Without a model, and not begun."""
    limits = EngineLimits(1, 1 << 20, Limits())
    return Engine(Registry(tmp_path, tmp_path), Device("cpu", 0, 1), limits, Metrics())


def test_a_service_can_stop_while_a_translations_time_is_just_up(engine: Engine) -> None:
    async def translate() -> None:
        async with engine._clock(0):
            await asyncio.sleep(60)

    async def stop() -> None:
        under_way = asyncio.create_task(translate())
        while not [clock for clock in engine._clocks if clock.expired()]:
            await asyncio.sleep(0)
        engine.abandon()
        with pytest.raises(NotReady):
            await under_way

    asyncio.run(stop())


def test_a_picture_for_later_is_decoded_when_there_is_room_and_counts_as_under_way(
    engine: Engine, photograph: bytes
) -> None:
    async def check() -> None:
        async with engine._room.taken(MAX_DECODED_PIXELS):
            checked = asyncio.create_task(engine.check(photograph, 1, None, 20))
            while not engine._room._turn.locked():
                await asyncio.sleep(0.01)
            with pytest.raises(Overloaded):
                await engine.check(photograph, 1, None, 20)
            assert not checked.done()
        await checked
        with pytest.raises(InvalidImage):
            await engine.check(b"no picture", 1, None, 20)
        with pytest.raises(TooManyPixels):
            await engine.check(photograph, 1 << 20, None, 20)

    asyncio.run(check())
