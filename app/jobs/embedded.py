"""The service's own worker: a process beside it, started again if it ends, that ends with the service.

It is no thread of ours, since what it does for hours must not take the service down, nor keep it from ending.
"""

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from typing import Self

from app.children import SJMVI
from app.jobs.worker import END_S

COMMAND = (*SJMVI, "worker", "--until-stdin-closes")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
GOOD_S = 60.0  # who has lived so long may start again at once
# It has a command to end itself, which writes a checkpoint; and where the service is a container's first
# process, nothing outlives it
PATIENCE_S = END_S + 5.0
logger = logging.getLogger(__name__)


class EmbeddedWorker:
    """Used as an asynchronous context."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._starting: asyncio.Task[asyncio.subprocess.Process] | None = None

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        process = await self._last()
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            logger.warning("the worker has not ended within %g s, and is left to end by itself", PATIENCE_S)

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            became = await self._run()
            pause_s = (
                FIRST_PAUSE_S if time.monotonic() - started > GOOD_S else min(2 * pause_s, LONGEST_PAUSE_S)
            )
            logger.error("the worker %s, and is started again in %g s", became, pause_s)
            await asyncio.sleep(pause_s)

    async def _run(self) -> str:
        """What became of it."""
        self._starting = asyncio.create_task(self._start())
        try:
            # Not cancelled half way, which would kill it where it may have begun its work
            process = await asyncio.shield(self._starting)
        except OSError as error:  # most likely where it was killed for the memory that a start needs as well
            return f"cannot be started ({error})"
        return f"ended with exit code {await process.wait()}"

    async def _last(self) -> asyncio.subprocess.Process | None:
        try:
            return await self._starting if self._starting else None
        except OSError:
            return None

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            env=os.environ | self._environment,
            start_new_session=True,  # a Ctrl-C in the terminal is for the service, which tells it
        )
