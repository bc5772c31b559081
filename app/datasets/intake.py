"""From an upload to a dataset: received, unpacked, examined, published; whatever fails, nothing stays."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TypeAlias

from app.archives.faults import disk_full_is_told
from app.archives.places import Places
from app.archives.staging import check_space, left_in_thread, stoppable
from app.archives.unpacking import ArchiveLimits, opened
from app.datasets import doctor
from app.datasets.layout import Layout, lay_out
from app.datasets.schemas import DatasetDetails, DatasetParameters, inputs
from app.datasets.store import DatasetStore, Staged

Receive: TypeAlias = Callable[[Path], Awaitable[DatasetParameters]]  # writes the archive to that file


@dataclass(frozen=True)
class IntakeLimits:
    archive: ArchiveLimits
    inspection_timeout_s: float


@dataclass(frozen=True)
class Unpacked:
    layout: Layout
    bytes: int


class Intake:
    def __init__(self, store: DatasetStore, limits: IntakeLimits) -> None:
        self.store, self._limits = store, limits
        self._places = Places()

    async def take(self, receive: Receive, name: str | None, declared_bytes: int) -> DatasetDetails:
        """`name`, where it is known before the body is read, and the body's size, or 0.

        Raises TooManyUploads, NameTaken, QuotaExceeded, OutOfSpace, and what `receive`, unpacking and the
        doctor do.
        """
        with self._places.taken(), disk_full_is_told():
            await asyncio.to_thread(self.store.check_room)
            if name:
                self.store.check_free(name)
            async with left_in_thread(self.store.stage()) as staged:
                check_space(staged.folder, declared_bytes)
                return await self._process(staged, await receive(staged.archive))

    async def _process(self, staged: Staged, parameters: DatasetParameters) -> DatasetDetails:
        self.store.check_free(parameters.name)
        unpacked = await stoppable(
            lambda stop: _unpack(staged.archive, staged.pictures, parameters, self._limits.archive, stop)
        )
        staged.archive.unlink()
        layout = unpacked.layout
        await asyncio.to_thread(self.store.check_room, unpacked.bytes)
        report = await doctor.examine(
            inputs(staged.pictures, layout.kind, layout.domains), self._limits.inspection_timeout_s
        )
        dataset = _described(parameters.name, unpacked, report)
        await asyncio.to_thread(self.store.publish, staged, dataset)
        return dataset


def _unpack(
    archive: Path, into: Path, parameters: DatasetParameters, limits: ArchiveLimits, stop: Event
) -> Unpacked:
    """Raises Refused, OutOfSpace, and InterruptedError once `stop` is set."""
    with opened(archive, limits) as found:
        layout = lay_out(found.entries, parameters)
        return Unpacked(layout, found.unpack(layout.pictures, into, stop))


def _described(name: str, unpacked: Unpacked, report: doctor.Report) -> DatasetDetails:
    layout = unpacked.layout
    return DatasetDetails(
        name=name,
        kind=layout.kind,
        domains=list(layout.domains),
        pictures=len(layout.pictures),
        bytes=unpacked.bytes,
        created=datetime.now(UTC),
        skipped=layout.skipped,
        report=report,
    )
