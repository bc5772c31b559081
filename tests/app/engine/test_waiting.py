"""Who shares a batch with whom, and how long anybody waits for others."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from tiny_architecture import TINY_ARCHITECTURE

from app.engine import waiting
from app.engine.orders import Version
from app.engine.waiting import WaitingRequest, WaitingRoom, form_batch
from translation.sampler import Sampler, SampleRequest

SAMPLER = Sampler(TINY_ARCHITECTURE.build_model(("horse", "zebra")), 32, max_batch_pixels=8 * 40 * 32)
NAMES = {"a": "0" * 64, "b": "1" * 64, "copy": "0" * 64}


def request(name: str = "a", to: str = "zebra", width: int = 40, samples: int = 1) -> WaitingRequest:
    wanted = SampleRequest(Image.new("RGB", (width, 32)), to, 7, range(samples))
    version = Version(name, Path(name), NAMES[name])
    return WaitingRequest(version, SAMPLER, wanted, asyncio.get_running_loop().create_future())


async def positions(*waiting_requests: WaitingRequest) -> list[int]:
    """In the queue, of those that share the first one's batch."""
    return [waiting_requests.index(request) for request in form_batch(waiting_requests)]


def test_what_shares_a_batch_is_of_one_model_direction_and_size() -> None:
    async def formed() -> list[int]:
        others = [request("b"), request("copy"), request(to="horse"), request(width=48)]
        return await positions(request(), *others, request())

    assert asyncio.run(formed()) == [0, 5]


@pytest.mark.parametrize(
    ("samples", "together"),
    [
        ([1], 1),
        ([1] * 5, 4),  # full now, and the fifth with whoever comes next
        ([1] * 9, 8),
        ([3], 1),
        ([3, 1, 1], 2),
        ([1, 2, 3], 1),
        ([3, 3], 2),
        ([8, 1], 1),
        ([11, 1], 1),  # more than a batch holds: several of its own
    ],
)
def test_a_full_batch_goes_before_a_larger_one_with_gaps(samples: Sequence[int], together: int) -> None:
    async def formed() -> list[int]:
        return await positions(*(request(samples=count) for count in samples))

    assert asyncio.run(formed()) == list(range(together))


def test_large_pictures_are_in_smaller_batches() -> None:
    async def formed() -> list[int]:
        return await positions(*(request(width=100) for _ in range(8)))

    assert len(asyncio.run(formed())) == 2


async def _run_next(room: WaitingRoom) -> list[WaitingRequest]:
    async with asyncio.timeout(100):
        return await room.next_batch()


def test_who_comes_to_an_idle_network_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_DELAY_S", 3600)

    async def scenario() -> None:
        room, first = WaitingRoom(), request()
        batch = asyncio.create_task(_run_next(room))
        await asyncio.sleep(0)
        room.add(first)
        assert await batch == [first]

    asyncio.run(scenario())


def test_under_load_a_batch_waits_until_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_DELAY_S", 3600)

    async def scenario() -> None:
        room, requests = WaitingRoom(), [request() for _ in range(8)]
        room.add(requests[0])
        batch = asyncio.create_task(_run_next(room))
        for each in requests[1:]:
            await asyncio.sleep(0)
            assert not batch.done()
            room.add(each)
        assert await batch == requests

    asyncio.run(scenario())


def test_it_does_not_wait_for_long() -> None:
    async def scenario() -> None:
        room, first = WaitingRoom(), request()
        room.add(first)
        assert await _run_next(room) == [first]

    assert waiting.MAX_DELAY_S <= 0.005
    asyncio.run(scenario())


def test_who_has_given_up_is_in_no_batch() -> None:
    async def scenario() -> None:
        room, requests = WaitingRoom(), [request() for _ in range(3)]
        for each in requests:
            room.add(each)
        requests[0].result.cancel()
        requests[2].result.cancel()
        assert await _run_next(room) == [requests[1]]
        assert len(room) == 0

    asyncio.run(scenario())
