"""An archive from anybody: refused for one bad entry, and nothing is written but below the folder given."""

import stat
import struct
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.archives import faults
from app.archives.entries import Entry
from app.archives.unpacking import ArchiveLimits, Member, opened

LIMITS = ArchiveLimits(max_bytes=3_000_000, max_entry_bytes=2_000_000, max_entries=50)
NOISE = bytes(range(256)) * 8


def zipped(*entries: str | zipfile.ZipInfo, data: bytes = NOISE, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for entry in entries:
            archive.writestr(entry, data)
    return buffer.getvalue()


def of_type(kind: int, name: str = "a/link.png") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o644) << 16
    return info


def with_nul(archive: bytes) -> bytes:
    """The library reads a name up to its NUL only; ours has one in the middle."""
    return archive.replace(b"a/x#y.png", b"a/x\0y.png")


def with_flag(flag: int) -> bytes:
    archive = bytearray(zipped("a/1.png"))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = archive.index(mark) + offset
        archive[at : at + 2] = struct.pack("<H", flag)
    return bytes(archive)


def claiming(size: int, data: bytes) -> bytes:
    """The directory and the entry say that it has `size` bytes."""
    archive = bytearray(zipped("a/1.png", data=data))
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = archive.index(mark) + offset
        archive[at : at + 4] = struct.pack("<I", size)
    return bytes(archive)


def with_two_zip64_ends(count: int) -> bytes:
    """The end that its locator names has all entries; the other, directly before the locator, has none."""
    archive = zipped(*(f"a/{index}.png" for index in range(count)))
    directory, end = archive[:-22], archive[-22:]
    size, offset = struct.unpack("<2L", end[12:20])

    def end_64(follow_bytes: int, entries: int, size: int, offset: int) -> bytes:
        return struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", follow_bytes, 45, 45, 0, 0, entries, entries, size, offset
        )

    ends = end_64(44 + 56, count, size, offset) + end_64(44, 0, 0, 0)
    return directory + ends + struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1) + end


def broken(archive: bytes, mark: bytes, offset: int) -> bytes:
    changed = bytearray(archive)
    changed[archive.index(mark) + offset] ^= 0xFF
    return bytes(changed)


GOOD = zipped("a/1.png", "a/b/2.jpg")
BAD: dict[str, tuple[bytes, type[Exception]]] = {
    "absolute": (zipped("/etc/1.png"), faults.UnsafeArchivePath),
    "parent": (zipped("a/../../1.png"), faults.UnsafeArchivePath),
    "backslash": (zipped("a\\1.png"), faults.UnsafeArchivePath),
    "drive": (zipped("C:/1.png"), faults.UnsafeArchivePath),
    "drive-relative": (zipped("c:1.png"), faults.UnsafeArchivePath),
    "newline": (zipped("a/1\n.png"), faults.BadEntryName),
    "nul": (with_nul(zipped("a/x#y.png")), faults.BadEntryName),
    "right-to-left": (zipped("a/\u202egnp.exe.png"), faults.BadEntryName),
    "long-name": (zipped(f"a/{'x' * 300}.png"), faults.BadEntryName),
    "long-path": (zipped("/".join(["x" * 100] * 6) + "/1.png"), faults.BadEntryName),
    "deep": (zipped("a/" * 8 + "1.png"), faults.BadEntryName),
    "symlink": (zipped("a/1.png", of_type(stat.S_IFLNK)), faults.UnsafeArchiveEntry),
    "device": (zipped("a/1.png", of_type(stat.S_IFCHR)), faults.UnsafeArchiveEntry),
    "pipe": (zipped("a/1.png", of_type(stat.S_IFIFO, "a/.p")), faults.UnsafeArchiveEntry),
    "case": (zipped("a/1.png", "a/1.PNG"), faults.DuplicateEntry),
    "accent": (zipped("a/\u00e9.png", "a/e\u0301.png"), faults.DuplicateEntry),
    "folders-by-case": (zipped("a/1.png", "A/2.png"), faults.DuplicateEntry),
    "dot": (zipped("a/1.png", "a/./1.png"), faults.DuplicateEntry),
    "file-as-folder": (zipped("a/1.png", "a/1.png/2.png"), faults.DuplicateEntry),
    "folder-as-file": (zipped("a/1.png/2.png", "a/1.png"), faults.DuplicateEntry),
    "encrypted": (with_flag(1), faults.CorruptArchive),
    "strongly-encrypted": (with_flag(1 << 6), faults.CorruptArchive),
    "bzip2": (zipped("a/1.png", method=zipfile.ZIP_BZIP2), faults.CorruptArchive),
    "no-zip": (b"<!doctype html>" * 10, faults.CorruptArchive),
    "empty": (b"", faults.CorruptArchive),
    "cut": (GOOD[:-30], faults.CorruptArchive),
    "cut-in-front": (GOOD[30:], faults.CorruptArchive),
    "wrong-sum": (broken(GOOD, b"PK\1\2", 16), faults.CorruptArchive),
    "broken-data": (broken(GOOD, b"PK\3\4", 45), faults.CorruptArchive),
    "claims-less": (claiming(100, NOISE), faults.CorruptArchive),
    "claims-more": (claiming(len(NOISE) + 1, NOISE), faults.CorruptArchive),
    "zip64-lie": (b"PK\6\7".join([GOOD[:-22], bytes(16) + GOOD[-22:]]), faults.CorruptArchive),
    "zip64-decoy": (with_two_zip64_ends(51), faults.CorruptArchive),
    "big-entry": (
        zipped("a/1.png", data=bytes(2_000_001), method=zipfile.ZIP_STORED),
        faults.ArchiveTooLarge,
    ),
    "big-total": (
        zipped("a/1.png", "a/2.png", data=bytes(1_600_000), method=zipfile.ZIP_STORED),
        faults.ArchiveTooLarge,
    ),
    "bomb": (zipped("a/1.png", data=bytes(1_500_000)), faults.ArchiveTooDense),
    "bomb-in-small-entries": (zipped("a/1.png", "a/2.png", data=bytes(900_000)), faults.ArchiveTooDense),
    "entries": (zipped(*(f"a/{index}.png" for index in range(51))), faults.TooManyEntries),
}


def unpacked(archive: bytes, folder: Path) -> int:
    """Of all its files, the bytes."""
    (folder / "a.zip").write_bytes(archive)
    (folder / "into").mkdir()
    with opened(folder / "a.zip", LIMITS) as found:
        return found.unpack(members(found.entries), folder / "into", Event())


def members(entries: Sequence[Entry]) -> list[Member]:
    return [Member(entry.info, entry.path) for entry in entries if not entry.is_folder]


def files_below(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}


@pytest.mark.parametrize(("archive", "error"), BAD.values(), ids=BAD)
def test_a_bad_archive_is_refused(archive: bytes, error: type[Exception], tmp_path: Path) -> None:
    (folder := tmp_path / "x/y/z").mkdir(parents=True)
    with pytest.raises(error) as raised:
        unpacked(archive, folder)
    assert type(raised.value) is error
    assert all(name.startswith("x/y/z/") for name in files_below(tmp_path))


def test_files_are_written_as_they_were(tmp_path: Path) -> None:
    assert unpacked(zipped("a/1.png", "a/b/2.jpg", "c"), tmp_path) == 3 * len(NOISE)
    assert files_below(tmp_path / "into") == {"a/1.png", "a/b/2.jpg", "c"}
    assert (tmp_path / "into/a/1.png").read_bytes() == NOISE


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    archive = zipped("a/1.png", "a/2.png")
    assert b"PK\6\6" in archive
    assert unpacked(archive, tmp_path) == 2 * len(NOISE)


def test_entries_are_counted_before_any_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = bytearray(zipped(*(f"a/{index}.png" for index in range(51))))
    archive[-14:-10] = struct.pack("<2H", 1, 1)  # what the end says of their number
    monkeypatch.setattr(zipfile, "ZipInfo", None)
    with pytest.raises(faults.TooManyEntries):
        unpacked(bytes(archive), tmp_path)


def test_a_full_disk_is_foreseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(faults.OutOfSpace) as raised:
        unpacked(GOOD, tmp_path)
    assert (raised.value.limit, raised.value.got) == (1000, 2 * len(NOISE))


def test_it_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(GOOD)
    stop = Event()
    stop.set()
    with opened(tmp_path / "a.zip", LIMITS) as found, pytest.raises(InterruptedError):
        found.unpack(members(found.entries), tmp_path / "into", stop)


def in_a_folder(check: Callable[[Path], None]) -> None:
    with TemporaryDirectory() as name:
        (folder := Path(name) / "x/y").mkdir(parents=True)
        check(folder)
        assert all(file.startswith("x/y/") for file in files_below(Path(name)))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255), st.integers(0, len(GOOD)))
def test_a_damaged_archive_is_refused_or_unpacks_to_the_same_pictures(at: int, by: int, end: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at] ^= by

    def check(folder: Path) -> None:
        try:
            unpacked(bytes(damaged if end > at else damaged[:end]), folder)
        except faults.Refused:
            return
        assert {file.read_bytes() for file in (folder / "into").rglob("*.*")} <= {NOISE}

    in_a_folder(check)


NAMES = st.lists(st.text(st.sampled_from("aA.é/\\:~e\u0301 \n"), max_size=8), min_size=1, max_size=4)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=80, deadline=None)
@given(NAMES)
def test_no_name_leads_out_of_the_folder_or_writes_over_another(names: list[str]) -> None:
    def check(folder: Path) -> None:
        try:
            size = unpacked(zipped(*(f"{name}.png" for name in names)), folder)
        except faults.Refused:
            return
        assert len(files_below(folder / "into")) * len(NOISE) == size

    in_a_folder(check)
