"""A file replaced whole: whoever reads it, after a crash too, finds the old bytes or the new, never half.

And one writer at a time, where what is written depends on what was there.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import IO, Any, BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write. It takes the place of `path` where the block ends well, and is on the disk by then."""
    partial = path.with_name(f".{secrets.token_hex(8)}.part")  # without the name, which may be of full length
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write(path: Path, data: bytes | memoryview) -> None:
    """These bytes in place of all that `path` was."""
    with replacing(path) as file:
        file.write(data)


def is_full(error: Exception) -> bool:
    """Whether there was no room left to write, on the disk or of what its user may take of it."""
    return isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)


def sync_folder(folder: Path) -> None:
    """Without it a new name may be lost in a power cut although the bytes are not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """The kernel forgets the lock with its holder, so it is never stale; the file stays."""
    with file.open("ab") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def try_lock(file: IO[Any]) -> bool:
    """Whether an open file could be locked: until it is closed, in all processes that inherit it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """By itself, so that no file is left in it. Raises BlockingIOError where it is locked already."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
