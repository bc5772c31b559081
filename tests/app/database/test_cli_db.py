"""`sjmvi db`, and what the service does with a database that it cannot use."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import execute


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path / "data"))


def test_the_schema_is_made_and_then_stays(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["db", "upgrade"]) == execute(["db", "upgrade", "--json"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    said = json.loads(second)
    assert said["before"] == said["now"]
    assert first == f"schema {said['now']}, none before"


def test_a_backup_is_a_whole_database_also_of_what_is_only_in_the_journal(tmp_path: Path) -> None:
    assert execute(["db", "upgrade"]) == 0
    target = tmp_path / "backups/monday.db"
    with closing(sqlite3.connect(tmp_path / "data/sjmvi.db")) as writer:
        writer.execute("PRAGMA wal_autocheckpoint=0")
        with writer:
            writer.execute("INSERT INTO alembic_version VALUES ('fresh')")
        assert execute(["db", "backup", str(target)]) == 0
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    with closing(sqlite3.connect(target)) as copy:
        found = copy.execute("SELECT version_num FROM alembic_version").fetchall()
    assert ("fresh",) in found


def test_a_backup_of_nothing_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["db", "backup", str(tmp_path / "monday.db")]) == 5
    told = capsys.readouterr().err
    assert told.startswith("error: db-unreachable: ")
    assert "it is made when the service starts" in told
    assert list(tmp_path.iterdir()) == []


def test_the_service_does_not_start_on_a_later_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["db", "upgrade"]) == 0
    with closing(sqlite3.connect(tmp_path / "data/sjmvi.db")) as later, later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["serve", "--port", "0"], ["worker", "--device", "cpu"], ["db", "upgrade"]):
        assert execute(command) == 5
        assert capsys.readouterr().err.startswith("error: db-too-new: the database is of a later version")
