"""Is a model warm on the device; if not, what the service waits for, for as long as it takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from app.engine.faults import RETRY_S, DeviceLost, NetworkHung, NotReady, UnusableModel
from app.engine.orders import Version
from app.engine.outlines import Outlines
from translation.card import InvalidBundle

LOOK_S = 2.0
logger = logging.getLogger(__name__)


class Readiness:
    """`warm_up` loads a version onto the device."""

    def __init__(self, outlines: Outlines, warm_up: Callable[[Version], Awaitable[None]]) -> None:
        self._outlines, self._warm_up = outlines, warm_up
        self._default: str | None = None
        self._waits_for = "a model, which is being loaded"
        self._faults: dict[str, str] = {}
        self._was_lost = asyncio.Event()

    @property
    def reason(self) -> str | None:
        """Why nothing is ready, if so."""
        return None if self._default else self._reason

    @property
    def _reason(self) -> str:
        return f"the service waits for {self._waits_for}"

    @property
    def default(self) -> str:
        """The name of the model that was warmed. Raises NotReady."""
        if self._default is None:
            raise NotReady(self._reason)
        return self._default

    def lost(self) -> None:
        """The device was, with all that was warm on it."""
        self._default = None
        self._waits_for = "its device, which was lost and is being started again"
        self._was_lost.set()

    def unavailable(self, name: str, error: InvalidBundle) -> NotReady:
        self._log_fault(f"model {name}", error)
        return UnusableModel(f"the model {name!r} cannot be loaded; the service's log says why")

    async def run(self) -> None:
        """A model may be published, or mended, and the device may be lost, while the service runs."""
        while True:
            self._was_lost.clear()
            try:
                await self._warm_first()
            except (DeviceLost, NetworkHung) as error:
                self.lost()
                self._log_fault("the device", error)
            except Exception as error:  # nobody awaits this task, nobody else would hear of it
                self._waits_for = "its models to be found; its log says what is wrong"
                self._log_fault("the search for models", error, trace=True)
            if self._default is None:
                await asyncio.sleep(RETRY_S)
            else:
                await self._until_gone(self._default)

    async def _until_gone(self, default: str) -> None:
        """The device, or the model, which may be deleted."""
        while not self._was_lost.is_set():
            if await self._is_gone(default):
                self._default, self._waits_for = None, "a model in the place of one that was deleted"
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._was_lost.wait(), LOOK_S)

    async def _is_gone(self, name: str) -> bool:
        """As far as can be seen: while nobody can look, it is there."""
        try:
            return name not in await asyncio.to_thread(self._outlines.names)
        except Exception as error:  # as above: the next look may fare better
            self._log_fault("the search for models", error, trace=True)
            return False

    async def _warm_first(self) -> None:
        broken = []
        for name in await asyncio.to_thread(self._outlines.names):
            try:
                outline = await asyncio.to_thread(self._outlines.get, name)
                await self._warm_up(outline.version)
            except (DeviceLost, NetworkHung):
                raise
            except Exception as error:  # whatever is wrong with one model, the others can serve
                self._log_fault(f"model {name}", error, trace=not isinstance(error, InvalidBundle))
                broken.append(name)
            else:
                self._default = name
                return
        self._waits_for = "a model that can be loaded"
        if broken:
            self._waits_for += f"; its log says what is wrong with {', '.join(broken)}"

    def _log_fault(self, what: str, error: Exception, trace: bool = False) -> None:
        """Once, though it is met at every try."""
        if self._faults.get(what) != str(error):
            self._faults[what] = str(error)
            logger.error("%s: %s", what, error, exc_info=error if trace else None)
