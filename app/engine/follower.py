"""What is taken into use elsewhere, by a job or by hand, is warm before it is first asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.engine.orders import Version
from app.engine.outlines import Outlines

FOLLOW_S = 2.0
logger = logging.getLogger(__name__)


class Follower:
    """Of the versions in use when it begins, those that nobody asks for stay where they are: on the disk."""

    def __init__(self, outlines: Outlines, warm_up: Callable[[Version], Awaitable[None]]) -> None:
        self._outlines, self._warm_up = outlines, warm_up
        self._fault: str | None = None

    async def run(self) -> None:
        known = None
        while True:
            in_use = await self._look()
            if in_use is not None:
                begun = in_use if known is None else known
                for name in [name for name, folder in in_use.items() if begun.get(name) != folder]:
                    await self._take_up(name)
                known = in_use
            await asyncio.sleep(FOLLOW_S)

    async def _look(self) -> dict[str, Path] | None:
        """Where the versions in use lie; None where that cannot be seen just now."""
        try:
            in_use = await asyncio.to_thread(self._outlines.folders)
        except Exception as error:  # nobody awaits this task, nobody else would hear of it
            self._log_fault(str(error))
            return None
        self._fault = None
        return in_use

    def _log_fault(self, fault: str) -> None:
        """Once, though it is met at every look."""
        if self._fault != fault:
            self._fault = fault
            logger.error("the versions in use cannot be looked for: %s", fault)

    async def _take_up(self, name: str) -> None:
        try:
            outline = await asyncio.to_thread(self._outlines.get, name)
            await self._warm_up(outline.version)
        except Exception as error:  # nobody awaits this task; who asks for the model is told the reason
            logger.warning("model %s could not be warmed up: %s", name, error)
