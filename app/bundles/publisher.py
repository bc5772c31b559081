"""From an upload to a version in use: whatever fails, the one that serves goes on serving, and nothing stays.

A bundle is checked here, so that the reason is told, and warmed up where it will work, before it can be used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TypeAlias

from app.archives.faults import disk_full_is_told
from app.archives.places import Places
from app.archives.staging import Staging, check_space, left_in_thread, stoppable
from app.archives.unpacking import ArchiveLimits, opened
from app.bundles.layout import members_of
from app.bundles.schemas import BundleParameters
from app.engine.orders import Version
from translation.card import InvalidBundle
from translation.registry import Entry, Registry
from translation.weights import load_bundle

Receive: TypeAlias = Callable[[Path], Awaitable[BundleParameters]]  # writes the archive to that file
WarmUp: TypeAlias = Callable[[Version], Awaitable[None]]


class Publisher:
    """`warm_up` loads a version onto the device, beside those in use."""

    def __init__(self, registry: Registry, staging: Staging, limits: ArchiveLimits, warm_up: WarmUp) -> None:
        self._registry, self._staging, self._limits, self._warm_up = registry, staging, limits, warm_up
        self._places = Places()

    async def publish(self, receive: Receive, name: str, declared_bytes: int) -> Entry:
        """Of a body of so many bytes, or 0. Raises TooManyUploads, OutOfSpace, Refused, InvalidBundle, and
        what `receive` and the device do."""
        with self._places.taken(), disk_full_is_told():
            async with left_in_thread(self._staging.stage()) as folder:
                check_space(folder, declared_bytes)
                archive, bundle = folder / "archive.zip", folder / "bundle"
                parameters = await receive(archive)
                await stoppable(lambda stop: self._unpack(archive, bundle, stop))
                archive.unlink()
                await self._try_out(name, bundle)
                return await asyncio.to_thread(self._registry.add, bundle, name, parameters.activate)

    async def activate(self, name: str, version: str) -> Entry:
        """Raises UnknownModel, UnknownVersion, InvalidBundle, and what the device does."""
        entry = await asyncio.to_thread(self._registry.version, name, version)
        await self._try_out(name, entry.folder)
        with _without_folder(entry.folder):
            return await asyncio.to_thread(self._registry.activate, name, version)

    def _unpack(self, archive: Path, into: Path, stop: Event) -> None:
        into.mkdir()
        with opened(archive, self._limits) as found:
            found.unpack(members_of(found.entries), into, stop)

    async def _try_out(self, name: str, folder: Path) -> None:
        with _without_folder(folder):
            bundle = await asyncio.to_thread(load_bundle, folder)
            await self._warm_up(Version(name, folder, bundle.digest))


@contextmanager
def _without_folder(folder: Path) -> Iterator[None]:
    """A refusal is told without the place on this machine."""
    try:
        yield
    except InvalidBundle as error:
        told = str(error).replace(f"{folder}/", "").replace(str(folder), "the bundle")
        raise type(error)(told) from error
