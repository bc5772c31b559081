"""From an archive to files: what is inflated is counted, whatever the archive says of its size."""

import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EINVAL
from pathlib import Path
from threading import Event
from typing import IO
from zipfile import BadZipFile, ZipFile

from app.datasets.directory import check_directory
from app.datasets.entries import checked
from app.datasets.faults import (
    ArchiveTooDense,
    ArchiveTooLarge,
    CorruptArchive,
    OutOfSpace,
    Refused,
    quoted,
)
from app.datasets.layout import Layout, Picture, lay_out
from app.datasets.schemas import DatasetParameters

CHUNK_BYTES = 1 << 18
MAX_RATIO = 100
UNSUSPECTED_BYTES = 1_000_000  # what is smaller may be as dense as it likes
BROKEN = (BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError, NotImplementedError)


@dataclass(frozen=True)
class ArchiveLimits:
    max_bytes: int
    max_entry_bytes: int
    max_entries: int


@dataclass(frozen=True)
class Unpacked:
    layout: Layout
    bytes: int


def unpack(
    archive: Path, into: Path, parameters: DatasetParameters, limits: ArchiveLimits, stop: Event
) -> Unpacked:
    """Raises Refused, OutOfSpace, and InterruptedError once `stop` is set."""
    with archive.open("rb") as file, _broken_is_told():
        check_directory(file, limits.max_entries)
        with ZipFile(file) as opened:
            layout = lay_out(checked(opened.infolist()), parameters)
            _check_claim(sum(picture.info.file_size for picture in layout.pictures), into.parent, limits)
            written = _Counted(limits, archive.stat().st_size, stop)
            for picture in layout.pictures:
                _write(opened, picture, into, written)
    _to_disk(into)
    return Unpacked(layout, written.total)


@contextmanager
def _broken_is_told() -> Iterator[None]:
    try:
        yield
    except Refused:
        raise
    except BROKEN as error:
        raise CorruptArchive(f"the archive is broken: {quoted(str(error))}") from error
    except OSError as error:
        if error.errno == EINVAL:  # of a place in the file that no file has
            raise CorruptArchive("the archive is broken: it points outside of itself") from error
        raise


def _check_claim(size: int, folder: Path, limits: ArchiveLimits) -> None:
    """An honest archive is refused before its pictures are written."""
    if size > limits.max_bytes:
        raise ArchiveTooLarge("the archive", limits.max_bytes, size)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OutOfSpace(size, free)


class _Counted:
    """Bytes as they are inflated, of all entries and of the one at work."""

    def __init__(self, limits: ArchiveLimits, archive_bytes: int, stop: Event) -> None:
        self._limits, self._archive_bytes, self._stop = limits, archive_bytes, stop
        self.total = 0

    def copy(self, source: IO[bytes], target: IO[bytes], picture: Picture) -> None:
        name = f"the entry {quoted(picture.info.filename)}"
        packed = min(picture.info.compress_size, self._archive_bytes)
        size = 0
        while chunk := source.read(CHUNK_BYTES):
            if self._stop.is_set():
                raise InterruptedError("stopped")
            size += len(chunk)
            self.total += len(chunk)
            self._check(name, size, packed, self._limits.max_entry_bytes)
            self._check("the archive", self.total, self._archive_bytes, self._limits.max_bytes)
            target.write(chunk)
        if size != picture.info.file_size:
            raise CorruptArchive(f"{name} has {size} bytes and claims {picture.info.file_size}")

    @staticmethod
    def _check(what: str, size: int, packed: int, limit: int) -> None:
        if size > limit:
            raise ArchiveTooLarge(what, limit, size)
        if size > max(UNSUSPECTED_BYTES, MAX_RATIO * packed):
            raise ArchiveTooDense(what, MAX_RATIO)


def _write(archive: ZipFile, picture: Picture, into: Path, counted: _Counted) -> None:
    target = into / picture.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(picture.info) as source, target.open("xb") as file:
        counted.copy(source, file, picture)


def _to_disk(folder: Path) -> None:
    """All at the end: the first waits for most of the others."""
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
