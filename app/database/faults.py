"""What is wrong with a database, from the codes and texts of two drivers."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

RETRY_S = 5


class DatabaseFault(RuntimeError):
    retry_after_s = RETRY_S


class DatabaseTooNew(DatabaseFault):
    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is of a later version of this program (schema {revision}): upgrade the program, "
            "or restore the backup of before"
        )


class DatabaseTooOld(DatabaseFault):
    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is of an earlier version of this program (schema {revision}): `sjmvi db upgrade` "
            "brings it to this one; stop a service of that version first, which cannot use it then"
        )


class DatabaseLocked(DatabaseFault):
    def __init__(self) -> None:
        super().__init__("others hold the database; what was asked for is not done: try again")


class DatabaseReadOnly(DatabaseFault):
    def __init__(self) -> None:
        super().__init__(
            "the database cannot be written: look at the owner and mode of its file and folder, or whether "
            "its server is a copy to read from"
        )


class DatabaseFull(DatabaseFault):
    def __init__(self) -> None:
        super().__init__("the database's disk is full: make room, and try again")


class DatabaseDiskFailed(DatabaseFault):
    def __init__(self) -> None:
        super().__init__(
            "the disk that the database is on failed to read or write it: look whether it is full, damaged, "
            "or no longer there, and try again"
        )


class DatabaseCorrupt(DatabaseFault):
    def __init__(self) -> None:
        super().__init__(
            "the database's file is damaged, or no database: restore a backup of `sjmvi db backup`, "
            "or move the file away to begin anew without jobs"
        )


class DatabaseUnreachable(DatabaseFault):
    """Nobody answers under SJMVI_DATABASE_URL, or not to us."""


class BadDatabaseUrl(ValueError):
    def __init__(self) -> None:
        super().__init__(
            "SJMVI_DATABASE_URL is of the form sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        )


SQLITE_TEXTS: tuple[tuple[str, type[DatabaseFault]], ...] = (
    ("database is locked|database table is locked", DatabaseLocked),
    ("readonly database", DatabaseReadOnly),
    ("database or disk is full", DatabaseFull),
    ("disk I/O error", DatabaseDiskFailed),
    ("not a database|malformed", DatabaseCorrupt),
)


POSTGRESQL_CODES: Mapping[str, type[DatabaseFault]] = {
    "55P03": DatabaseLocked,  # lock_not_available
    "25006": DatabaseReadOnly,  # read_only_sql_transaction
    "53100": DatabaseFull,  # disk_full
}


@contextmanager
def readable_faults() -> Iterator[None]:
    """Raises DatabaseFault for a driver's errors of that meaning."""
    try:
        yield
    except NoConnectionLeft as error:
        raise DatabaseLocked from error
    except (DBAPIError, sqlite3.Error) as error:
        said = getattr(error, "orig", error)
        text = str(said)
        if fault := POSTGRESQL_CODES.get(getattr(said, "sqlstate", None) or ""):
            raise fault() from error
        for pattern, fault in SQLITE_TEXTS:
            if re.search(pattern, text):
                raise fault() from error
        if isinstance(error, OperationalError | sqlite3.OperationalError):
            raise DatabaseUnreachable(
                f"the database cannot be used: {' '.join(text.split())[:300]}"
            ) from error
        raise
