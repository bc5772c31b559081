"""What is given up while a thread is at work on it: who waits goes at once, its memory with the thread."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Event
from time import monotonic, sleep

import pytest
from httpx import Client

from app.engine.room import Room
from app.engine.timed import GivenUp, timed
from translation.translator import Translator

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7&samples=9"
HEAD = f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n".encode()


def eventually(happens: Callable[[], bool]) -> None:
    due = monotonic() + 100
    while not happens():
        assert monotonic() < due
        sleep(0.01)


async def take(room: Room) -> None:
    async with room.taken(1):
        pass


def test_the_room_is_free_when_the_thread_is_done() -> None:
    room, given_up = Room(1), GivenUp()
    begun, stop, done = Event(), Event(), Event()

    def work() -> None:
        begun.set()
        assert done.wait(60)

    async def translate(pool: ThreadPoolExecutor) -> None:
        async with room.taken(1):
            await timed(pool, work)

    async def check() -> None:
        with ThreadPoolExecutor(1) as pool:
            caller = asyncio.create_task(given_up.unless(translate(pool), stop))
            assert await asyncio.to_thread(begun.wait, 60)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            assert (len(given_up), stop.is_set()) == (1, True)
            other = asyncio.create_task(take(room))
            await asyncio.sleep(0.1)
            assert not other.done()
            done.set()
            await other
            assert len(given_up) == 0

    asyncio.run(check())


def test_of_several_samples_no_other_is_encoded_once_the_client_has_left(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    encode, encoded, may_go_on = Translator.encode, list[int](), Event()

    def slow(*arguments: object) -> Iterator[bytes]:
        for picture in encode(*arguments):  # type: ignore[arg-type]
            encoded.append(len(picture))
            assert may_go_on.wait(300)
            yield picture

    with serve(max_queue=1) as client:
        monkeypatch.setattr(Translator, "encode", slow)
        with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as leaver:
            leaver.sendall(HEAD + f"Content-Length: {len(photograph)}\r\n\r\n".encode() + photograph)
            eventually(lambda: bool(encoded))
        eventually(lambda: 'status="499"' in client.get("/metrics").text)
        assert "1 translations are under way" in client.get("/readyz").text
        may_go_on.set()
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert len(encoded) == 1
