"""Several processes share the folder of what is not whole; none waits for another in its event loop."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from app.archives.staging import Staging, left_in_thread

PATIENCE_S = 20


def test_the_event_loop_goes_on_while_the_folder_is_locked() -> None:
    has_turned = Event()

    @contextmanager
    def waiting() -> Iterator[bool]:
        yield has_turned.wait(1)

    async def enter() -> None:
        asyncio.get_running_loop().call_soon(has_turned.set)
        async with left_in_thread(waiting()) as turned:
            assert turned

    asyncio.run(enter())


def test_who_is_cancelled_while_it_waits_for_the_lock_leaves_nothing() -> None:
    is_waiting, is_free, has_left = Event(), Event(), Event()

    @contextmanager
    def waiting() -> Iterator[None]:
        is_waiting.set()
        assert is_free.wait(PATIENCE_S)
        yield
        has_left.set()

    async def stage() -> None:
        async with left_in_thread(waiting()):
            raise AssertionError("it was cancelled before")

    async def cancel() -> None:
        staging = asyncio.create_task(stage())
        await asyncio.to_thread(is_waiting.wait, PATIENCE_S)
        staging.cancel()
        await asyncio.sleep(0)
        is_free.set()
        with pytest.raises(asyncio.CancelledError):
            await staging

    asyncio.run(cancel())
    assert has_left.is_set()


def test_what_its_owner_removes_meanwhile_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (tmp_path / f".partial-{name}").mkdir()
    remove = shutil.rmtree

    def remove_all(path: Path, ignore_errors: bool) -> None:
        for partial in path.parent.glob(".partial-*"):
            remove(partial, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_all)
    Staging(tmp_path).remove_leftovers()
    assert list(tmp_path.glob(".partial-*")) == []
