"""How many entries a zip has, counted in its directory without keeping one of them.

The standard library reads the whole directory and makes an object of each entry: a million of them are a
gigabyte, whatever the archive's end says of their number. Records as in APPNOTE.TXT 6.3.10, 4.3.12 to 4.3.16,
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT; they are found as the library finds them.
"""

import os
from struct import Struct
from typing import BinaryIO

from app.archives.faults import BadEntryName, CorruptArchive, TooManyEntries

ENTRY = Struct("<4s24x3H12x")  # signature; lengths of name, extra fields, comment
END = Struct("<4s8x2LH")  # signature; the directory's size and offset, the comment's length
END_64 = Struct("<4sQ28x2Q")  # signature; the size of what follows; the directory's size and offset
END_64_BYTES = END_64.size - 12  # by its own count, which begins behind the two
LOCATOR_64 = Struct("<4s4xQ4x")  # signature; where END_64 is
ENTRY_MARK, END_MARK, END_64_MARK, LOCATOR_64_MARK = b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
MAX_COMMENT_BYTES = 0xFFFF
MAX_TEXT_BYTES = 2048  # of an entry's name, extra fields and comment: with limit entries, what is kept of all


def check_directory(archive: BinaryIO, limit: int) -> None:
    """Raises TooManyEntries, BadEntryName, CorruptArchive."""
    start, end = _directory(archive)
    position, count = start, 0
    while position < end:
        archive.seek(position)
        header = archive.read(ENTRY.size)
        if len(header) < ENTRY.size or not header.startswith(ENTRY_MARK):
            raise CorruptArchive("the archive's directory is broken")
        text_bytes = sum(ENTRY.unpack(header)[1:])
        if text_bytes > MAX_TEXT_BYTES:
            raise BadEntryName(f"an entry's name and comment have more than {MAX_TEXT_BYTES} bytes")
        position += ENTRY.size + text_bytes
        count += 1
        if count > limit:
            raise TooManyEntries(limit)


def _directory(archive: BinaryIO) -> tuple[int, int]:
    """Where it starts and ends."""
    length = archive.seek(0, os.SEEK_END)
    tail_start = max(0, length - END.size - MAX_COMMENT_BYTES)
    archive.seek(tail_start)
    tail = archive.read()
    at = len(tail) - END.size
    if at < 0 or not (tail.startswith(END_MARK, at) and tail.endswith(b"\0\0")):
        at = tail.rfind(END_MARK)
    if at < 0 or len(tail) - at < END.size:
        raise CorruptArchive("the file is no zip, or was cut off: it has no directory")
    size = END.unpack_from(tail, at)[1]
    end = tail_start + at
    if tail.startswith(LOCATOR_64_MARK, at - LOCATOR_64.size) and at >= LOCATOR_64.size:
        end, size = _zip64(archive, end - LOCATOR_64.size)
    if size > end:
        raise CorruptArchive("the archive's directory would start before the file does")
    return end - size, end


def _zip64(archive: BinaryIO, locator: int) -> tuple[int, int]:
    """The directory's end and size, of an archive with large numbers.

    Some versions of the library look for the record where the locator says, others directly before it.
    """
    archive.seek(locator)
    _, end = LOCATOR_64.unpack(archive.read(LOCATOR_64.size))
    if end != locator - END_64.size:
        raise CorruptArchive("the archive's zip64 directory is not where the archive says")
    archive.seek(end)
    mark, record_bytes, size, _ = END_64.unpack(archive.read(END_64.size))
    if mark != END_64_MARK or record_bytes != END_64_BYTES:
        raise CorruptArchive("the archive's zip64 directory is broken")
    return end, size
