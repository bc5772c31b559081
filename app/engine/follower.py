"""What is taken into use elsewhere, by a job or by hand, is warm before it is first asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.engine.orders import Version
from app.engine.outlines import Outlines

FOLLOW_S = 2.0
logger = logging.getLogger(__name__)


class Follower:
    """Of the versions in use when it begins, those that nobody asks for stay where they are: on the disk."""

    def __init__(self, outlines: Outlines, warm_up: Callable[[Version], Awaitable[None]]) -> None:
        self._outlines, self._warm_up = outlines, warm_up

    async def run(self) -> None:
        known = await asyncio.to_thread(self._outlines.folders)
        while True:
            await asyncio.sleep(FOLLOW_S)
            found = await asyncio.to_thread(self._outlines.folders)
            for name in [name for name, folder in found.items() if known.get(name) != folder]:
                await self._take_up(name)
            known = found

    async def _take_up(self, name: str) -> None:
        try:
            outline = await asyncio.to_thread(self._outlines.get, name)
            await self._warm_up(outline.version)
        except Exception as error:  # nobody awaits this task; who asks for the model is told the reason
            logger.warning("model %s could not be warmed up: %s", name, error)
