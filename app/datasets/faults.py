"""Why a dataset is refused."""

from collections.abc import Sequence

from app.archives.faults import Refused, quoted

MAX_NAMED = 10


class BadDataset(Refused): ...


class CorruptPictures(Refused):
    """`files` are named as the report names them; `max_share` None: one of them is enough."""

    def __init__(self, folder: str, files: Sequence[str], got: int, of: int, max_share: float | None) -> None:
        named = ", ".join(map(quoted, files[:MAX_NAMED])) + (", ..." if got > MAX_NAMED else "")
        allowed = "" if max_share is None else f", and {max_share:.0%} may be"
        super().__init__(f"{got} of {of} pictures in {folder} cannot be read{allowed}: {named}")
        self.files = list(files)


class QuotaExceeded(RuntimeError):
    def __init__(self, limit: int, got: int) -> None:
        super().__init__(
            f"all datasets together may have {limit / 1e6:g} MB and would have {got / 1e6:.4g}: "
            "delete one that is not needed"
        )
        self.limit, self.got = limit, got
