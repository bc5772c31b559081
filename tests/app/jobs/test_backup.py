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


def test_the_password_is_no_argument_of_the_program_for_all_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/said\necho "$PGPASSWORD" >>{tmp_path}/said\n')
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(program))
    backup(Database("postgresql://lab:s%40cret@host:5433/jobs?sslmode=require"), tmp_path / "copy")
    arguments, password = (tmp_path / "said").read_text().splitlines()
    assert arguments.endswith("--dbname=postgresql://lab@host:5433/jobs?sslmode=require")
    assert password == "s@cret"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_the_program_it_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NoPgDump, match="pg_dump"):
        backup(database, tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []
