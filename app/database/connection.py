"""Transactions: readers that see one state, writers one after the other."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from app.database.faults import BadDatabaseUrl, readable_faults

CONNECT_S = 5  # to a server, unless its URL says more
READ_ONLY = "sjmvi_read_only"
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class Database:
    """For any thread. Connects when first used."""

    def __init__(self, url: str, patience_s: float = 5.0) -> None:
        """`patience_s` is how long another writer is waited for. Raises BadDatabaseUrl."""
        self.url = _parsed(url)
        self.engine = _engine(self.url, patience_s)

    @property
    def file(self) -> Path | None:
        """None of a server."""
        return Path(str(self.url.database)) if self.url.get_backend_name() == "sqlite" else None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that sees what it changes unchanged by others. Raises DatabaseFault."""
        with readable_faults(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Waits for no writer. Raises DatabaseFault."""
        with readable_faults(), Session(self.engine.execution_options(**{READ_ONLY: True})) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=DRIVERS[parsed.get_backend_name()])
    except (ArgumentError, KeyError):
        raise BadDatabaseUrl from None
    if not parsed.database or parsed.database == ":memory:":
        raise BadDatabaseUrl
    return parsed


def _engine(url: URL, patience_s: float) -> Engine:
    if url.get_backend_name() != "sqlite":
        own = {"connect_timeout": CONNECT_S, "options": f"-c lock_timeout={round(patience_s * 1000)}"}
        left_open = {name: value for name, value in own.items() if name not in url.query}
        return create_engine(url, pool_pre_ping=True, connect_args=left_open)
    engine = create_engine(url, connect_args={"timeout": patience_s})
    event.listen(engine, "connect", _begin_by_hand)
    event.listen(engine, "begin", _begin)
    return engine


def _begin_by_hand(connection: sqlite3.Connection, _: object) -> None:
    """The driver's own BEGIN comes too late: a read before the first write would not be part of it."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


@event.listens_for(Engine, "connect")
def _teach_subseconds(connection: object, _: object) -> None:
    """DBOS takes every SQLite of a Python from 3.12 on to know unixepoch('subsec'), which came
    with SQLite 3.42; many systems have such a Python, and an older SQLite."""
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, _subseconds)


def _subseconds(modifier: str) -> float:
    if modifier != "subsec":
        raise ValueError(modifier)
    return round(time.time(), 3)


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once: two that have read first would each wait for the other."""
    is_reader = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")
