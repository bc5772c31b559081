"""map() in threads: the next items are worked on while the last one is consumed, and only so many of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

LOOK_AHEAD = 2


def map_ahead(threads: Executor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """In order, never more than LOOK_AHEAD items ahead of who consumes it."""
    pending: deque[Future[R]] = deque()
    for item in items:
        pending.append(threads.submit(work, item))
        if len(pending) > LOOK_AHEAD:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
