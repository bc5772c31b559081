"""Why an archive is refused. A name from one is quoted, and cut: it may hold anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from translation.durable import is_full

MAX_QUOTED = 100


def quoted(name: str) -> str:
    return repr(name if len(name) <= MAX_QUOTED else f"{name[:MAX_QUOTED]}...")


class Refused(ValueError):
    """Of an upload, for what it holds."""


class CorruptArchive(Refused): ...


class UnsafeArchivePath(Refused): ...


class UnsafeArchiveEntry(Refused): ...


class BadEntryName(Refused): ...


class DuplicateEntry(Refused): ...


class ArchiveTooLarge(Refused):
    def __init__(self, what: str, limit: int, got: int) -> None:
        super().__init__(f"{what} is more than {limit / 1e6:g} MB when unpacked")
        self.limit, self.got = limit, got


class ArchiveTooDense(Refused):
    """What compresses that well holds next to nothing, and fills the disk."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} unpacks to more than {limit} times its size")
        self.limit = limit


class TooManyEntries(Refused):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the archive has more than {limit} entries")
        self.limit = limit


class OutOfSpace(RuntimeError):
    def __init__(self, needed: int | None = None, free: int | None = None) -> None:
        told = (
            "" if needed is None or free is None else f": it needs {needed / 1e6:.4g} MB of {free / 1e6:.4g}"
        )
        super().__init__(f"the service's disk has no room for it{told}")
        self.limit, self.got = free, needed


@contextmanager
def disk_full_is_told() -> Iterator[None]:
    """Raises OutOfSpace for the system's own errors of that meaning."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise OutOfSpace from error
        raise
