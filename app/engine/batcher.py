"""From the waiting room through the network, batch by batch, whatever becomes of the one before."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from time import perf_counter

from app.engine.faults import DeviceLost, NetworkHung, OutOfMemory
from app.engine.orders import Order, Version
from app.engine.waiting import MAX_BATCH, TimedResult, WaitingRequest, WaitingRoom
from app.metrics import Metrics
from translation.sampler import Sampler, SampleRequest, SampleResult

Network = Callable[[Order], tuple[SampleResult, ...]]


class Batcher:
    """`network` works in `thread`; when it was lost, `on_lost` is called."""

    def __init__(
        self, network: Network, thread: Executor, metrics: Metrics, on_lost: Callable[[], None]
    ) -> None:
        self._network, self._thread = network, thread
        self._metrics, self._on_lost = metrics, on_lost
        self.waiting = WaitingRoom()

    async def sample(self, version: Version, sampler: Sampler, wanted: SampleRequest) -> TimedResult:
        """Raises OutOfMemory, InvalidBundle, DeviceLost, NetworkHung, NetworkFailed."""
        result: asyncio.Future[TimedResult] = asyncio.get_running_loop().create_future()
        self.waiting.add(WaitingRequest(version, sampler, wanted, result))
        return await result

    async def run(self) -> None:
        while True:
            batch = await self.waiting.next_batch()
            for request in batch:
                self._metrics.queue_wait.observe(perf_counter() - request.since)
            await self._sample(batch, MAX_BATCH)

    async def _sample(self, requests: Sequence[WaitingRequest], at_most: int) -> None:
        """In batches of `at_most`, and where they do not fit into the device's memory, in halves of them."""
        for group in _groups(requests, at_most):
            batch = group[0].padded_batch(sum(request.rows for request in group), at_most)
            try:
                await self._sample_group(group, batch)
            except OutOfMemory as error:
                self._metrics.out_of_memory.inc()
                if batch > 1:
                    await self._sample(group, batch // 2)
                else:
                    _refuse(group, error)
            except (DeviceLost, NetworkHung) as error:
                self._on_lost()
                _refuse(group, error)
            except Exception as error:  # this task has to go on; whoever waits for the pictures is told
                _refuse(group, error)

    async def _sample_group(self, requests: Sequence[WaitingRequest], batch: int) -> None:
        results: list[SampleResult] = []
        started = perf_counter()
        for part in _batches([request.wanted for request in requests], batch):
            if not any(request.is_wanted for request in requests):
                return
            order = Order(requests[0].version, part, batch)
            results += await asyncio.get_running_loop().run_in_executor(self._thread, self._network, order)
            self._metrics.batch_size.observe(sum(len(each.indices) for each in part))
        took_s = perf_counter() - started
        if len(requests) == 1:
            results = [_joined(results)]
        for request, result in zip(requests, results, strict=True):
            if request.is_wanted:
                request.result.set_result(TimedResult(result, batch, took_s, took_s / len(requests)))


def _groups(requests: Sequence[WaitingRequest], at_most: int) -> Iterator[list[WaitingRequest]]:
    """Neighbours of `at_most` rows together; one of more rows is alone."""
    group: list[WaitingRequest] = []
    for request in requests:
        if group and sum(each.rows for each in group) + request.rows > at_most:
            yield group
            group = []
        group.append(request)
    if group:
        yield group


def _batches(wanted: Sequence[SampleRequest], batch: int) -> Iterator[tuple[SampleRequest, ...]]:
    """All in one, or those of a single picture in several."""
    if sum(len(each.indices) for each in wanted) <= batch:
        yield tuple(wanted)
        return
    (alone,) = wanted
    for first in range(0, len(alone.indices), batch):
        scored = None if first else alone.scored
        yield (replace(alone, indices=alone.indices[first : first + batch], scored=scored),)


def _joined(results: Sequence[SampleResult]) -> SampleResult:
    """Of one picture, which is scored with the first of its samples."""
    return replace(results[0], paintings=tuple(each for part in results for each in part.paintings))


def _refuse(requests: Sequence[WaitingRequest], error: Exception) -> None:
    for request in requests:
        if request.is_wanted:
            request.result.set_exception(error)
