"""A bundle as a zip, made while it is sent: the same bytes each time, nothing kept."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

CHUNK_BYTES = 1 << 20


def zipped(folder: Path, names: Sequence[str]) -> Iterator[bytes]:
    """The files are open before the first byte is sent: a version that is removed meanwhile is sent whole."""
    with ExitStack() as opened:
        sources = {name: opened.enter_context((folder / name).open("rb")) for name in names}
        kept = opened.pop_all()
    return _stream(sources, kept)


def _stream(sources: Mapping[str, BinaryIO], opened: ExitStack) -> Iterator[bytes]:
    sent = _Sent()
    with opened, ZipFile(sent, "w", ZIP_STORED) as archive:  # weights do not compress
        for name, source in sources.items():
            with archive.open(ZipInfo(name), "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield sent.take()
    yield sent.take()


class _Sent(RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._held += view
        return view.nbytes

    def take(self) -> bytes:
        taken, self._held = bytes(self._held), bytearray()
        return taken
