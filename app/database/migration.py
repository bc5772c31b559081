"""The schema, brought to this program's version: ours by alembic, the queue's by its own library."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from time import sleep

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from dbos import DBOS
from sqlalchemy import text

from app.database.connection import Database
from app.database.faults import DatabaseReadOnly, DatabaseTooNew, DatabaseTooOld, readable_faults
from translation.durable import locked

LOCK_NUMBER = 5_347_914  # of PostgreSQL's advisory lock: any number that nobody else takes
ASKED_EVERY_S = 0.1


def upgrade(database: Database) -> tuple[str | None, str]:
    """The schema's revision before, None of a new database, and now. Raises DatabaseFault."""
    config = _config()
    with readable_faults(), _alone(database):
        before = revision(database)
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        DBOS.migrate(database.url.render_as_string(hide_password=False))
        return before, str(revision(database))


def revision(database: Database) -> str | None:
    """Raises DatabaseTooNew where it is none of this program's."""
    with database.reading() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    if current is not None:
        try:
            _versions().get_revision(current)
        except CommandError:
            raise DatabaseTooNew(current) from None
    return current


def is_made(database: Database) -> bool:
    """Whether it has this version's schema; False where it has none at all. Changes nothing.

    Raises DatabaseTooOld, DatabaseTooNew.
    """
    if database.file and not database.file.exists():  # to connect would make one
        return False
    current = revision(database)
    if current not in (None, _versions().get_current_head()):
        raise DatabaseTooOld(str(current))
    return current is not None


def _versions() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "app.database:migrations")
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Among all that start at once."""
    with ExitStack() as held:
        if database.file:
            held.enter_context(_prepared(database.file))
        else:
            held.enter_context(_locked(database))
        yield


@contextmanager
def _locked(database: Database) -> Iterator[None]:
    """Asks again and again: to wait within a statement is to hold a snapshot, and who has the lock may make
    an index CONCURRENTLY, which waits until nobody holds an older one."""
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        while not connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK_NUMBER})")):
            sleep(ASKED_EVERY_S)
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({LOCK_NUMBER})"))


@contextmanager
def _prepared(file: Path) -> Iterator[None]:
    """With a journal beside which others can read; locked against who does the same."""
    with ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(file.with_name(f".{file.name}.lock")))
        except OSError as error:
            raise DatabaseReadOnly from error
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        yield
