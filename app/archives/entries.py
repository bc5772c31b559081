"""What a zip says it holds, checked before one byte of it is inflated; one bad entry refuses the whole."""

import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from app.archives.faults import (
    BadEntryName,
    CorruptArchive,
    DuplicateEntry,
    Refused,
    UnsafeArchiveEntry,
    UnsafeArchivePath,
    quoted,
)

MAX_DEPTH = 8  # folders and the file
MAX_NAME_BYTES = 255  # of one of them: what file systems take
MAX_PATH_BYTES = 512

BAD_NAMES: tuple[tuple[re.Pattern[str], type[Refused], str], ...] = (
    (re.compile(r"^/"), UnsafeArchivePath, "is absolute"),
    (re.compile(r"^[A-Za-z]:"), UnsafeArchivePath, "names a drive"),
    (re.compile(r"(^|/)\.\.(/|$)"), UnsafeArchivePath, "leads out of the archive"),
    (re.compile(r"\\"), UnsafeArchivePath, "has a backslash"),
    # those of direction as well: they make a name look like another
    (
        re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"),
        BadEntryName,
        "has a control character",
    ),
)
FLAGS: dict[int, str] = {  # of an entry, APPNOTE.TXT 4.4.4
    1 << 0: "is encrypted",
    1 << 5: "is a patch of another file",
    1 << 6: "is encrypted",
    1 << 13: "has an encrypted header",
}
METHODS = (ZIP_STORED, ZIP_DEFLATED)  # the others' decoders give out any amount of memory at once
PLAIN_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)


@dataclass(frozen=True)
class Entry:
    """`path` has neither `.` nor empty parts."""

    info: ZipInfo
    path: PurePosixPath

    @property
    def is_folder(self) -> bool:
        return self.info.is_dir()


def checked(infos: Sequence[ZipInfo]) -> list[Entry]:
    """Raises UnsafeArchivePath, UnsafeArchiveEntry, BadEntryName, DuplicateEntry, CorruptArchive."""
    for info in infos:
        _check_names(info)
        _check_kind(info)
    entries = [Entry(info, PurePosixPath(info.filename)) for info in infos]
    entries = [entry for entry in entries if entry.path.parts]
    for entry in entries:
        _check_size(entry.path)
    _check_distinct(entries)
    return entries


def _check_names(info: ZipInfo) -> None:
    for name in (info.orig_filename, info.filename):  # the second ends where the first has a NUL
        for pattern, error, fault in BAD_NAMES:
            if pattern.search(name):
                raise error(f"the entry {quoted(name)} {fault}")


def _check_kind(info: ZipInfo) -> None:
    name = quoted(info.filename)
    if stat.S_IFMT(info.external_attr >> 16) not in PLAIN_TYPES:
        raise UnsafeArchiveEntry(f"the entry {name} is neither a file nor a folder")
    for flag, fault in FLAGS.items():
        if info.flag_bits & flag:
            raise CorruptArchive(f"the entry {name} {fault}")
    if info.compress_type not in METHODS:
        raise CorruptArchive(f"the entry {name} is compressed by method {info.compress_type}: use deflate")


def _check_size(path: PurePosixPath) -> None:
    if len(path.parts) > MAX_DEPTH:
        raise BadEntryName(f"the entry {quoted(str(path))} lies deeper than {MAX_DEPTH} levels")
    longest = max(len(part.encode()) for part in path.parts)
    if longest > MAX_NAME_BYTES or len(str(path).encode()) > MAX_PATH_BYTES:
        raise BadEntryName(
            f"the entry {quoted(str(path))} is too long: a name may have {MAX_NAME_BYTES} bytes, "
            f"a path {MAX_PATH_BYTES}"
        )


def _check_distinct(entries: Sequence[Entry]) -> None:
    """Also where a file system takes two names for one: by case, or by how an accent is written."""
    spelled: dict[str, PurePosixPath] = {}
    files: set[str] = set()
    for entry in entries:
        key = _folded(entry.path)
        if key in files or (key in spelled and not entry.is_folder):
            raise DuplicateEntry(f"the archive has {quoted(str(entry.path))} more than once")
        if not entry.is_folder:
            files.add(key)
        for path in _with_parents(entry.path):
            folded = _folded(path)
            if spelled.setdefault(folded, path) != path or (path != entry.path and folded in files):
                raise DuplicateEntry(
                    f"the archive has {quoted(str(spelled[folded]))} and {quoted(str(path))}, "
                    "which are one name to some systems"
                )


def _with_parents(path: PurePosixPath) -> Iterator[PurePosixPath]:
    yield path
    yield from (parent for parent in path.parents if parent.parts)


def _folded(path: PurePosixPath) -> str:
    """Canonical caseless matching, Unicode 3.13, D145."""
    decomposed = unicodedata.normalize("NFD", str(path))
    return unicodedata.normalize("NFD", decomposed.casefold())
