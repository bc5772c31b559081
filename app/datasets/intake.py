"""From an upload to a dataset: received, unpacked, examined, published; whatever fails, nothing stays."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TypeAlias, TypeVar

from app.datasets import doctor
from app.datasets.faults import OutOfSpace, disk_full_is_told
from app.datasets.schemas import DatasetDetails, DatasetParameters, inputs
from app.datasets.store import DatasetStore, Staged
from app.datasets.unpacking import ArchiveLimits, Unpacked, unpack

T = TypeVar("T")
Receive: TypeAlias = Callable[[Path], Awaitable[DatasetParameters]]  # writes the archive to that file

MAX_UPLOADS = 4  # at once: each may fill the disk to its limits and take the doctor's time
RETRY_S = 30


class TooManyUploads(RuntimeError):
    retry_after_s = RETRY_S

    def __init__(self) -> None:
        super().__init__(f"{MAX_UPLOADS} datasets are being received; try again in {RETRY_S} s")


@dataclass(frozen=True)
class IntakeLimits:
    archive: ArchiveLimits
    inspection_timeout_s: float


class Intake:
    def __init__(self, store: DatasetStore, limits: IntakeLimits) -> None:
        self.store, self._limits = store, limits
        self._under_way = 0

    async def take(self, receive: Receive, name: str | None, declared_bytes: int) -> DatasetDetails:
        """`name`, where it is known before the body is read, and the body's size, or 0.

        Raises TooManyUploads, NameTaken, QuotaExceeded, OutOfSpace, and what `receive`, unpacking and the
        doctor do.
        """
        with self._counted(), disk_full_is_told():
            await asyncio.to_thread(self.store.check_room)
            if name:
                self.store.check_free(name)
            async with self._staged() as staged:
                _check_space(staged.folder, declared_bytes)
                return await self._process(staged, await receive(staged.archive))

    async def _process(self, staged: Staged, parameters: DatasetParameters) -> DatasetDetails:
        self.store.check_free(parameters.name)
        unpacked = await _stoppable(
            lambda stop: unpack(staged.archive, staged.pictures, parameters, self._limits.archive, stop)
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

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._under_way >= MAX_UPLOADS:
            raise TooManyUploads
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    @asynccontextmanager
    async def _staged(self) -> AsyncIterator[Staged]:
        """Thousands of files are removed in a thread."""
        stage = self.store.stage()
        staged = stage.__enter__()
        try:
            yield staged
        finally:
            await asyncio.to_thread(stage.__exit__, None, None, None)


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OutOfSpace(size, free)


async def _stoppable(work: Callable[[Event], T]) -> T:
    """In a thread, which has stopped when this returns: nobody removes what it still writes to."""
    stop = Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        raise


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
