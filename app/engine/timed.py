"""Work in other threads, how long it took, and what becomes of it when nobody waits for it any more."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    result: T
    took_s: float


async def timed(pool: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Timed[T]:
    """Who is cancelled meanwhile waits for the thread, which goes on: what it works on is still in use."""

    def run() -> Timed[T]:
        started = perf_counter()
        result = function(*args, **kwargs)
        return Timed(result, perf_counter() - started)

    work = pool.submit(run)
    running = asyncio.wrap_future(work)
    try:
        await asyncio.wait([running])
    except asyncio.CancelledError:
        if not work.cancel():
            await asyncio.gather(running, return_exceptions=True)
        raise
    return running.result()


class GivenUp:
    """Work that nobody waits for any more, and that lasts until its thread is done with it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def unless(self, work: Coroutine[Any, Any, T], stop: Event) -> T:
        """Its result. Who is cancelled meanwhile goes at once, and the work is cancelled, with `stop` set."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            stop.set()
            task.cancel()
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            raise
        return task.result()
