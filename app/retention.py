"""Which files stay: a budget in bytes and an age, the one that was used longest ago first to go.

The last use is the file's access time, set here and not left to the file system, so that a restart knows it.
"""

import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock


@dataclass(frozen=True)
class Limits:
    max_bytes: int
    max_age_s: float  # since the last use


@dataclass(frozen=True)
class Use:
    size_bytes: int
    at: float


class Retention:
    """For any thread; of files that are nobody else's to delete."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.time) -> None:
        self.limits, self._now = limits, now
        self._uses: OrderedDict[Path, Use] = OrderedDict()  # the longest ago first
        self._held: Counter[Path] = Counter()
        self._lock = Lock()
        self._total_bytes = 0

    def adopt(self, paths: Iterable[Path]) -> None:
        """Files of an earlier process, in the order of their last use."""
        stats = [(path, path.stat()) for path in paths]
        with self._lock:
            for path, stat in sorted(stats, key=lambda row: row[1].st_atime):
                self._note(path, Use(stat.st_size, stat.st_atime))

    def hold(self, path: Path) -> bool:
        """Counts as a use, and keeps the file until it was released as often. False where there is none, or
        one that is to go."""
        with self._lock:  # so no deletion comes between the look and the hold
            if not path.is_file() or self._is_to_go(path):
                return False
            self._held[path] += 1
            self._use(path)
        return True

    def release(self, path: Path) -> None:
        with self._lock:
            self._held[path] -= 1
            if not self._held[path]:
                del self._held[path]

    def make_room(self, size_bytes: int = 0) -> None:
        """Deletes until so many bytes more fit into the budget, or nothing is left but what is held."""
        oldest = self._oldest
        with self._lock:
            excess_bytes = self._total_bytes + size_bytes - self.limits.max_bytes
            going = []
            for path, use in self._uses.items():
                if use.at >= oldest and excess_bytes <= 0:
                    break
                if path not in self._held:
                    going.append(path)
                    excess_bytes -= use.size_bytes
            for path in going:
                path.unlink(missing_ok=True)
                self._total_bytes -= self._uses.pop(path).size_bytes

    def _is_to_go(self, path: Path) -> bool:
        use = self._uses.get(path)
        return use is not None and use.at < self._oldest and path not in self._held

    @property
    def _oldest(self) -> float:
        return self._now() - self.limits.max_age_s

    def _use(self, path: Path) -> None:
        stat, now = path.stat(), self._now()
        with suppress(OSError):  # a file that cannot be changed can be read
            os.utime(path, ns=(int(now * 1e9), stat.st_mtime_ns))
        self._note(path, Use(stat.st_size, now))

    def _note(self, path: Path, use: Use) -> None:
        before = self._uses.pop(path, None)
        self._uses[path] = use  # now the last
        self._total_bytes += use.size_bytes - (before.size_bytes if before else 0)
