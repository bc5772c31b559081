"""A database that cannot be used says why, whoever asks it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from time import time

import pytest
from httpx import Client
from psycopg import OperationalError
from sqlalchemy import event, exc, select, text

from app.database import faults
from app.database.connection import Database
from app.database.faults import DatabaseFault
from app.database.migration import revision, upgrade
from app.database.tables import JobRow, Table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "sjmvi.db"
    with closing(Database(f"sqlite:///{file}")) as database:
        upgrade(database)
    return file


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{file}", patience_s=0.05)) as database:
        yield database


def test_the_migrations_make_the_tables_that_the_code_means(database: Database) -> None:
    for table in Table.metadata.sorted_tables:
        with database.reading() as session:
            assert session.execute(select(table)).all() == []
            indices = session.execute(text(f"PRAGMA index_list({table.name})")).all()
        assert {index.name for index in table.indexes} <= {row[1] for row in indices}


def test_an_upgrade_says_what_was_there_before(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/new/sjmvi.db")) as database:
        before, now = upgrade(database)
        assert (before, upgrade(database)) == (None, (now, now))
        assert revision(database) == now


def test_what_the_queue_asks_of_sqlite_is_known_to_an_old_one_too(database: Database) -> None:
    before = round(time(), 3)
    with database.reading() as session:
        assert before <= session.scalar(text("SELECT unixepoch('subsec')")) <= time() + 0.001


def test_a_database_of_a_later_version_is_left_alone(file: Path, database: Database) -> None:
    with closing(sqlite3.connect(file)) as later, later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(faults.DatabaseTooNew, match="9999"):
        upgrade(database)
    assert file.read_bytes() == before


def test_a_locked_database_is_waited_for_and_then_told(file: Path, database: Database) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(faults.DatabaseLocked), database.writing() as session:
            session.scalars(select(JobRow)).all()
        with database.reading() as session:  # a reader waits for nobody
            assert session.scalars(select(JobRow)).all() == []
    with database.writing() as session:
        session.scalars(select(JobRow)).all()


@pytest.mark.parametrize("damage", [b"no database at all, but long enough to be looked at", bytes(4096)])
def test_a_damaged_file_is_told(damage: bytes, file: Path, database: Database) -> None:
    for beside in file.parent.glob("sjmvi.db-*"):
        beside.unlink()
    file.write_bytes(damage)
    with pytest.raises(faults.DatabaseCorrupt):
        upgrade(database)


def test_a_file_that_cannot_be_written_is_told() -> None:
    with pytest.raises(faults.DatabaseReadOnly):
        upgrade(Database("sqlite:////proc/sjmvi/sjmvi.db"))


def test_a_server_that_is_not_there_is_told() -> None:
    nobody = Database("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")
    with pytest.raises(faults.DatabaseUnreachable), nobody.reading() as session:
        session.execute(text("SELECT 1"))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("database or disk is full", faults.DatabaseFull),
        ("disk I/O error", faults.DatabaseDiskFailed),
        ("attempt to write a readonly database", faults.DatabaseReadOnly),
    ],
)
def test_what_the_driver_says_is_told_in_our_words(said: str, fault: type[DatabaseFault]) -> None:
    with pytest.raises(fault), faults.readable_faults():
        raise sqlite3.OperationalError(said)


def test_who_finds_no_connection_left_is_told_to_try_again() -> None:
    with pytest.raises(faults.DatabaseLocked), faults.readable_faults():
        raise exc.TimeoutError("QueuePool limit reached")


@pytest.mark.parametrize(
    ("query", "options", "timeout"),
    [("", "-c lock_timeout=2000", 5), ("?connect_timeout=9&options=-c%20x%3D1", "-c x=1", "9")],
)
def test_a_server_is_waited_for_no_longer_than_is_said(query: str, options: str, timeout: int | str) -> None:
    given: dict[str, object] = {}
    database = Database(f"postgresql://host/name{query}", patience_s=2.0)

    def look(dialect: object, record: object, arguments: object, parameters: dict[str, object]) -> None:
        given.update(parameters)
        raise OperationalError("nobody is asked")

    event.listen(database.engine, "do_connect", look)
    with pytest.raises(faults.DatabaseUnreachable), database.reading() as session:
        session.execute(text("SELECT 1"))
    assert (given["options"], given["connect_timeout"]) == (options, timeout)


@pytest.mark.parametrize("url", ["", "sjmvi.db", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(faults.BadDatabaseUrl):
        Database(url)


def test_a_service_whose_database_is_locked_asks_to_retry(
    serve: Callable[..., AbstractContextManager[Client]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(warm=False, data_dir=tmp_path) as client:
        job = "/v1/jobs/019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a"
        assert client.get(job).status_code == 404

        def locked(_: object) -> None:
            raise faults.DatabaseLocked

        monkeypatch.setattr(Database, "reading", locked)
        answer = client.get(job)
        assert (answer.status_code, answer.json()["type"]) == (503, "db-locked")
        assert answer.headers["Retry-After"] == "5"
        assert client.get("/livez").status_code == 200


def test_a_service_whose_database_another_holds_is_not_ready(
    serve: Callable[..., AbstractContextManager[Client]], tmp_path: Path
) -> None:
    with serve(data_dir=tmp_path) as client:
        with closing(sqlite3.connect(tmp_path / "sjmvi.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, [str(faults.DatabaseLocked())])
        assert client.get("/readyz").status_code == 200


def test_every_fault_says_what_to_do() -> None:
    kinds = [kind for kind in DatabaseFault.__subclasses__() if kind is not faults.DatabaseUnreachable]
    for kind in kinds:
        is_of_a_schema = kind in (faults.DatabaseTooNew, faults.DatabaseTooOld)
        told = kind("9999") if is_of_a_schema else kind()
        assert len(str(told)) > 40
