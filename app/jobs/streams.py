"""A job's events as they come, for a browser's EventSource: it takes up after the last one that it has seen.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from fastapi.sse import format_sse_event

from app.database.faults import DatabaseFault
from app.database.tables import EventRow, JobRow
from app.jobs.caller import Caller
from app.jobs.faults import TooManyStreams, UnknownJob
from app.jobs.ledger import DONE
from app.jobs.service import Jobs
from app.jobs.states import FINISHED
from app.jobs.views import shown

POLL_S = 0.5
PING_S = 15.0
RECONNECT_MS = 2000
PAGE = 200
IsGone: TypeAlias = Callable[[], Awaitable[bool]]


class Streams:
    """Used in the event loop alone."""

    def __init__(self, jobs: Jobs, limit: int, stopping: asyncio.Event) -> None:
        """Once it is `stopping` they end. Their clients come back, when there is a service again."""
        self._jobs, self._limit, self._stopping = jobs, limit, stopping
        self._open = 0

    def check_room(self) -> None:
        """Raises TooManyStreams."""
        if self._open >= self._limit:
            raise TooManyStreams(self._limit)

    async def find(self, job_id: str, caller: Caller) -> JobRow:
        """Raises UnknownJob."""
        return await asyncio.to_thread(self._jobs.get, job_id, caller)

    async def is_over(self, job: JobRow, after: int) -> bool:
        """Whether nothing more is to come."""
        return job.state in FINISHED and not await asyncio.to_thread(self._jobs.events, job.id, after, 1)

    async def follow(self, job_id: str, after: int, is_gone: IsGone) -> AsyncIterator[bytes]:
        """Up to `done`, or until client or job is gone. A comment now and then tells proxies we are here."""
        with self._counted():
            yield format_sse_event(comment="events of a job", retry=RECONNECT_MS)
            told = time.monotonic()
            while not self._stopping.is_set() and not await is_gone():
                events = await self._next(job_id, after)
                for event in events:
                    after, told = event.id, time.monotonic()
                    yield _formatted(event)
                if events and events[-1].name == DONE:
                    return
                if time.monotonic() - told >= PING_S:
                    if not await self._is_there(job_id):
                        return
                    told = time.monotonic()
                    yield format_sse_event(comment="ping")
                if len(events) < PAGE:
                    await self._pause()

    async def _next(self, job_id: str, after: int) -> list[EventRow]:
        try:
            return list(await asyncio.to_thread(self._jobs.events, job_id, after, PAGE))
        except DatabaseFault:  # it will be there again, and what happens meanwhile is told then
            return []

    async def _is_there(self, job_id: str) -> bool:
        """Of one that was deleted the events are gone as well, and `done` with them."""
        try:
            await asyncio.to_thread(self._jobs.get, job_id, Caller())
        except UnknownJob:
            return False
        except DatabaseFault:  # then nobody knows
            pass
        return True

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._stopping.wait()
        except TimeoutError:
            pass

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.check_room()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


def _formatted(event: EventRow) -> bytes:
    data = json.dumps(shown(event.job_id, event.name, event.data))
    return format_sse_event(data_str=data, event=event.name, id=str(event.id))
