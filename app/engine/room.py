"""Room for decoded and drawn pictures: one may be hundreds of megabytes, and most are not one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Room:
    """So many pixels at once, or one picture of more. First come, first served."""

    def __init__(self, max_pixels: int) -> None:
        self._free = self._all = max_pixels
        self._freed = asyncio.Event()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def taken(self, pixels: int) -> AsyncIterator[None]:
        pixels = min(pixels, self._all)
        async with self._turn:
            while self._free < pixels:
                self._freed.clear()
                await self._freed.wait()
            self._free -= pixels
        try:
            yield
        finally:
            self._free += pixels
            self._freed.set()
