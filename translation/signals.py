"""SIGINT and SIGTERM as a wish to stop between two pieces of work."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """By a signal, before it was done."""


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collects them instead of dying of them; a second one is not waited for. In the main thread alone."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
