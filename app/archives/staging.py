"""Where an upload lies until it is whole: hidden folders beside what is finished, gone when their block ends.

Each is locked by the process that works in it; what a crash left is not locked any more.
"""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TypeVar

from app.archives.faults import OutOfSpace
from translation.durable import locked, try_lock

T = TypeVar("T")
LOCK = ".lock"
PARTIAL = ".partial-"


class Staging:
    """Several processes may share its folder, which is made when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remove_leftovers(self) -> None:
        """Of processes that are no more."""
        if not self._folder.is_dir():
            return
        with self.locked():
            for partial in self._folder.glob(f"{PARTIAL}*"):
                with suppress(FileNotFoundError), (partial / LOCK).open("ab") as lock:
                    if try_lock(lock):  # nobody is at work in it
                        shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """A new folder, removed at the end with whatever is left in it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._hidden()
        with ExitStack() as held:
            with self.locked():  # nobody takes for left what is not locked yet
                folder.mkdir()
                held.callback(shutil.rmtree, folder, ignore_errors=True)
                held.enter_context(locked(folder / LOCK))
            yield folder

    def discard(self, finished: Path) -> None:
        """Gone from its name at once, then from the disk. Raises FileNotFoundError."""
        removed = self._hidden()
        finished.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with locked(self._folder / LOCK):
            yield

    def _hidden(self) -> Path:
        return self._folder / f"{PARTIAL}{secrets.token_hex(8)}"


@asynccontextmanager
async def left_in_thread(stage: AbstractContextManager[T]) -> AsyncIterator[T]:
    """The event loop goes on while others lock the folder, and while thousands of files are removed."""
    entering = asyncio.ensure_future(asyncio.to_thread(stage.__enter__))
    try:
        yield await asyncio.shield(entering)
    finally:
        await asyncio.wait([entering])  # who is cancelled meanwhile enters, and so has to leave
        if entering.exception() is None:
            await asyncio.to_thread(stage.__exit__, None, None, None)


def check_space(folder: Path, size_bytes: int) -> None:
    """Raises OutOfSpace."""
    free = shutil.disk_usage(folder).free
    if size_bytes > free:
        raise OutOfSpace(size_bytes, free)


async def stoppable(work: Callable[[Event], T]) -> T:
    """In a thread, which has stopped when this returns: nobody removes what it still writes to."""
    stop = Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        raise
