"""A backup is a database of its own, from which jobs can be read again."""

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from app.database.backup import NoPgDump, backup
from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs.ledger import Ledger, Order


def test_the_jobs_are_in_the_backup(database: Database, ledger: Ledger, tmp_path: Path) -> None:
    job, _ = ledger.create(Order("translate", {"to": "zebra"}))
    backup(database, tmp_path / "copy")
    if database.file is None:
        listed = subprocess.run(
            ["pg_restore", "--data-only", "-f", "-", tmp_path / "copy"], capture_output=True
        )
        assert job.id.encode() in listed.stdout
    else:
        with closing(Database(f"sqlite:///{tmp_path}/copy")) as copy, copy.reading() as session:
            assert session.get_one(JobRow, job.id).params == {"to": "zebra"}


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_the_program_it_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NoPgDump, match="pg_dump"):
        backup(database, tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []
