"""Requests that wait for the network, and the batches that they are drawn in.

What shares a batch is of one model, direction and working size; the numbers are float32 in all of them. A
model's copy is another model: either may be deleted while the other's requests wait. A batch starts as soon
as the network is free, but for a few milliseconds where more is on its way. It is padded to a power of two,
and padding costs as much as pictures do: a full batch now goes before a larger one with gaps.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from time import perf_counter

from app.engine.orders import Version
from translation.sampler import BATCH_SIZES, Sampler, SampleRequest, SampleResult

MAX_BATCH = BATCH_SIZES[-1]
MAX_DELAY_S = 0.005


@dataclass(frozen=True)
class TimedResult:
    """The result of a request, and the size of the batches that it was in. `took_s` are the network's seconds
    for all that was sampled with it, `share_s` its share of them."""

    result: SampleResult
    padded_batch: int
    took_s: float
    share_s: float


@dataclass(frozen=True, eq=False)
class WaitingRequest:
    """`sampler` is an outline's, which knows sizes. Who gives the request up cancels `result`."""

    version: Version
    sampler: Sampler
    wanted: SampleRequest
    result: asyncio.Future[TimedResult]
    since: float = field(default_factory=perf_counter)

    @property
    def bucket(self) -> tuple[Version, str, tuple[int, int]]:
        return self.version, self.wanted.to, self.wanted.image.size

    @property
    def rows(self) -> int:
        return len(self.wanted.indices)

    @property
    def is_wanted(self) -> bool:
        return not self.result.done()

    def padded_batch(self, rows: int, at_most: int = MAX_BATCH) -> int:
        return self.sampler.padded_batch(rows, self.wanted.image.size, at_most)


class WaitingRoom:
    """First come, first served, with whoever fits into the same batch."""

    def __init__(self) -> None:
        self._waiting: list[WaitingRequest] = []
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: WaitingRequest) -> None:
        self._waiting.append(request)
        self._arrival.set()

    async def next_batch(self) -> list[WaitingRequest]:
        """At once for who finds nobody waiting; for others once the batch is full, or after MAX_DELAY_S.

        What was given up meanwhile is in no batch.
        """
        is_loaded = bool(self._waiting)
        while True:
            while not self._drop_unwanted():
                await self._arrive()
            if is_loaded:
                await self._fill()
            if self._drop_unwanted():
                batch = form_batch(self._waiting)
                self._waiting = [request for request in self._waiting if request not in batch]
                return batch

    def _drop_unwanted(self) -> int:
        """How many are left."""
        self._waiting = [request for request in self._waiting if request.is_wanted]
        return len(self._waiting)

    async def _arrive(self) -> None:
        self._arrival.clear()
        await self._arrival.wait()

    async def _fill(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_DELAY_S):
                while sum(request.rows for request in form_batch(self._waiting)) < MAX_BATCH:
                    await self._arrive()


def form_batch(waiting: Sequence[WaitingRequest]) -> list[WaitingRequest]:
    """The oldest request, and those like it that make the largest full batch with it; failing that, the
    largest. One of more samples than a batch holds is alone."""
    oldest = waiting[0]
    alike = [request for request in waiting if request.bucket == oldest.bucket]
    capacity = oldest.padded_batch(MAX_BATCH)
    sums = [rows for rows in accumulate(request.rows for request in alike) if rows <= capacity]
    full = [count for count, rows in enumerate(sums, start=1) if rows in BATCH_SIZES]
    return alike[: full[-1] if full else max(len(sums), 1)]
