"""A worker's lease of a device: one at a time has it, and whether that one lives can be seen from outside.

SJMVI_DATA_DIR/workers/HOST-DEVICE, a file that is locked for as long as the worker lives.
"""

import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from translation.durable import try_lock

RETRY_S = 0.5
logger = logging.getLogger(__name__)


def worker_name(device: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "", f"{socket.gethostname()}-{device}")[-100:]


@contextmanager
def leased(folder: Path, worker: str, stopping: Event) -> Iterator[bool]:
    """Waits until the one before has ended; False where `stopping` was set meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / worker).open("a") as file:
        held = try_lock(file)
        if not held:
            logger.warning("another worker has the lease %s: waiting for its end", worker)
        while not held and not stopping.wait(RETRY_S):
            held = try_lock(file)
        yield held


def is_alive(folder: Path, worker: str) -> bool:
    with (folder / worker).open("a") as file:
        return not try_lock(file)
