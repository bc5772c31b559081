"""From an archive to files: what is inflated is counted, whatever the archive says of its size."""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EINVAL
from pathlib import Path, PurePosixPath
from threading import Event
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from app.archives.directory import check_directory
from app.archives.entries import Entry, checked
from app.archives.faults import (
    ArchiveTooDense,
    ArchiveTooLarge,
    CorruptArchive,
    Refused,
    quoted,
)
from app.archives.staging import check_space

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
class Member:
    """A file of the archive, and where it goes below the folder that it is unpacked to."""

    info: ZipInfo
    path: PurePosixPath


class Archive:
    """Open, its entries checked."""

    def __init__(self, opened: ZipFile, size_bytes: int, limits: ArchiveLimits) -> None:
        self.entries: Sequence[Entry] = checked(opened.infolist())
        self._opened, self._size_bytes, self._limits = opened, size_bytes, limits

    def unpack(self, members: Sequence[Member], into: Path, stop: Event) -> int:
        """How many bytes were written. Raises Refused, OutOfSpace, InterruptedError once `stop` is set."""
        claimed = sum(member.info.file_size for member in members)
        if claimed > self._limits.max_bytes:  # an honest archive is refused before anything is written
            raise ArchiveTooLarge("the archive", self._limits.max_bytes, claimed)
        check_space(into.parent, claimed)
        written = _Counted(self._limits, self._size_bytes, stop)
        with _broken_is_told():
            for member in members:
                _write(self._opened, member, into, written)
        _to_disk(into)
        return written.total


@contextmanager
def opened(path: Path, limits: ArchiveLimits) -> Iterator[Archive]:
    """Raises Refused."""
    with path.open("rb") as file, ExitStack() as held:
        with _broken_is_told():
            check_directory(file, limits.max_entries)
            archive = Archive(held.enter_context(ZipFile(file)), path.stat().st_size, limits)
        yield archive


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


class _Counted:
    """Bytes as they are inflated, of all entries and of the one at work."""

    def __init__(self, limits: ArchiveLimits, archive_bytes: int, stop: Event) -> None:
        self._limits, self._archive_bytes, self._stop = limits, archive_bytes, stop
        self.total = 0

    def copy(self, source: IO[bytes], target: IO[bytes], member: Member) -> None:
        name = f"the entry {quoted(member.info.filename)}"
        packed = min(member.info.compress_size, self._archive_bytes)
        size = 0
        while chunk := source.read(CHUNK_BYTES):
            if self._stop.is_set():
                raise InterruptedError("stopped")
            size += len(chunk)
            self.total += len(chunk)
            self._check(name, size, packed, self._limits.max_entry_bytes)
            self._check("the archive", self.total, self._archive_bytes, self._limits.max_bytes)
            target.write(chunk)
        if size != member.info.file_size:
            raise CorruptArchive(f"{name} has {size} bytes and claims {member.info.file_size}")

    @staticmethod
    def _check(what: str, size: int, packed: int, limit: int) -> None:
        if size > limit:
            raise ArchiveTooLarge(what, limit, size)
        if size > max(UNSUSPECTED_BYTES, MAX_RATIO * packed):
            raise ArchiveTooDense(what, MAX_RATIO)


def _write(archive: ZipFile, member: Member, into: Path, counted: _Counted) -> None:
    target = into / member.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member.info) as source, target.open("xb") as file:
        counted.copy(source, file, member)


def _to_disk(folder: Path) -> None:
    """All at the end: the first waits for most of the others."""
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
