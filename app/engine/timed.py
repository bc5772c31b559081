"""Work in other threads, and how long it took."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    result: T
    took_s: float


async def timed(pool: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Timed[T]:
    def run() -> Timed[T]:
        started = perf_counter()
        result = function(*args, **kwargs)
        return Timed(result, perf_counter() - started)

    return await asyncio.get_running_loop().run_in_executor(pool, run)
