"""A copy of the database while it is in use, whole as of one instant."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from app.database.connection import Database
from app.database.faults import DatabaseUnreachable, readable_faults
from translation.durable import replacing


class NoPgDump(RuntimeError):
    def __init__(self) -> None:
        super().__init__(
            "pg_dump, which copies a PostgreSQL database, was not found: install PostgreSQL's client programs"
        )


def backup(database: Database, target: Path) -> None:
    """An SQLite file, or what pg_restore reads. Raises DatabaseFault, NoPgDump."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as file:
        copy = Path(file.name)
        if database.file:
            _copy_file(database.file, copy)
        else:
            _dump(database, copy)


def _copy_file(source: Path, target: Path) -> None:
    """By SQLite's own means: a copy of the bytes would lack what is in the journal still."""
    if not source.exists():
        raise DatabaseUnreachable(f"there is no {source} yet, it is made when the service starts")
    with (
        readable_faults(),
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)


def _dump(database: Database, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise NoPgDump
    url = database.url._replace(drivername="postgresql", password=None)
    arguments = [program, "--format=custom", f"--file={target}", f"--dbname={url.render_as_string()}"]
    secret = {"PGPASSWORD": database.url.password} if database.url.password else {}  # all can read arguments
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ | secret)
    if done.returncode:
        raise DatabaseUnreachable(f"pg_dump: {' '.join(done.stderr.split())[:300]}")
