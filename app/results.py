"""Pictures that were given out as links: files named by their content, written whole, never changed.

results_dir/ab/cd/abcd….png     named by SHA-256
"""

import asyncio
import errno
import hashlib
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from app.negotiation import PICTURES
from app.retention import Retention
from translation import durable

SUFFIXES = {media_type: f".{name}" for name, media_type in PICTURES.items()}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SWEEP_S = 3600
ABANDONED_S = 3600  # a file that is half written for so long has no writer any more
logger = logging.getLogger(__name__)


class UnknownResult(LookupError):
    def __init__(self) -> None:
        super().__init__("no result has this digest: they go in time, and the same request makes them again")


class CannotStore(OSError):
    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}, so there can be no links; Accept: image/png or application/zip brings the pictures"
        )


class OutOfSpace(CannotStore): ...


@dataclass(frozen=True)
class Result:
    digest: str
    media_type: str
    path: Path

    @property
    def etag(self) -> str:
        return f'"{self.digest}"'


class Results:
    """For any thread; the only one of its process for its folder."""

    def __init__(self, folder: Path, retention: Retention) -> None:
        self._folder, self._retention = folder, retention
        self._writing = Lock()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Within their limits, also where none is added for long."""
        await asyncio.to_thread(self.clean)
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.wait([sweeping])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await asyncio.to_thread(self._retention.make_room)
            except OSError as error:
                logger.error("the results that are too old: %s", error)

    def clean(self) -> None:
        """Takes over what an earlier process left, within the limits. What is wrong is for the log alone:
        a service without results can translate."""
        try:
            for partial in self._folder.glob("*/*/.*.part"):
                if partial.stat().st_mtime < time.time() - ABANDONED_S:
                    partial.unlink(missing_ok=True)
            self._retention.adopt(path for path in self._folder.glob("*/*/*") if _is_ours(path))
            self._retention.make_room()
        except OSError as error:
            logger.error("the results of earlier days: %s", error)

    def put(self, pictures: Sequence[tuple[bytes, str]]) -> list[Result]:
        """One for each of bytes and media type, all on the disk by then. Raises CannotStore, OutOfSpace."""
        results = [self._result(hashlib.sha256(data).hexdigest(), kind) for data, kind in pictures]
        files = {result.path: data for result, (data, _) in zip(results, pictures, strict=True)}
        self._check_budget(sum(map(len, files.values())))
        try:
            with self._writing:
                self._write(files)
        except OSError as error:
            logger.error("no result can be stored: %s", error)
            if error.errno in FULL:
                raise OutOfSpace("the service has no room left for results") from error
            raise CannotStore("the service cannot store results; its log says why") from error
        return results

    @contextmanager
    def reading(self, digest: str) -> Iterator[Result]:
        """It stays inside the block at least. Raises UnknownResult."""
        result = self._hold(digest)
        try:
            yield result
        finally:
            self._retention.release(result.path)

    def _hold(self, digest: str) -> Result:
        if re.fullmatch("[0-9a-f]{64}", digest):
            for media_type in SUFFIXES:
                result = self._result(digest, media_type)
                if self._retention.hold(result.path):
                    return result
        raise UnknownResult

    def _check_budget(self, size_bytes: int) -> None:
        budget = self._retention.limits.max_bytes
        if size_bytes > budget:
            raise OutOfSpace(f"{size_bytes} bytes exceed the {budget} that all results may take")

    def _write(self, files: Mapping[Path, bytes]) -> None:
        held = [path for path in files if self._retention.hold(path)]  # so the old do not go for the new
        try:
            new = [path for path in files if path not in held]
            self._retention.make_room(sum(len(files[path]) for path in new))
            for path in new:
                path.parent.mkdir(parents=True, exist_ok=True)
                durable.write(path, files[path])
                self._retention.hold(path)
                held.append(path)
        finally:
            for path in held:
                self._retention.release(path)

    def _result(self, digest: str, media_type: str) -> Result:
        path = self._folder / digest[:2] / digest[2:4] / f"{digest}{SUFFIXES[media_type]}"
        return Result(digest, media_type, path)


def _is_ours(path: Path) -> bool:
    return path.suffix in SUFFIXES.values() and re.fullmatch("[0-9a-f]{64}", path.stem) is not None
