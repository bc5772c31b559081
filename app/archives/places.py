"""How many uploads are received at once: each may fill the disk to its limits and take a processor's time."""

from collections.abc import Iterator
from contextlib import contextmanager

MAX_UPLOADS = 4  # of a kind
RETRY_S = 30


class TooManyUploads(RuntimeError):
    retry_after_s = RETRY_S

    def __init__(self) -> None:
        super().__init__(f"{MAX_UPLOADS} uploads are being received; try again in {RETRY_S} s")


class Places:
    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One of them. Raises TooManyUploads."""
        if self._taken >= MAX_UPLOADS:
            raise TooManyUploads
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
