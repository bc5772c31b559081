"""What a server of PostgreSQL says is told as of a file: locked, or not to be written."""

import pytest
from sqlalchemy import text

from app.database.connection import Database
from app.database.faults import DatabaseLocked, DatabaseReadOnly
from app.jobs.ledger import Ledger, Order, changing

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]


def test_a_job_that_another_holds_is_waited_for_and_then_told(
    database: Database, ledger: Ledger, database_url: str
) -> None:
    job, _ = ledger.create(Order("translate", {"to": "zebra"}))
    hasty = Database(database_url, patience_s=0.05)
    with changing(database, job.id), pytest.raises(DatabaseLocked), changing(hasty, job.id):
        pass
    with changing(hasty, job.id):
        pass
    hasty.close()


def test_a_copy_to_read_from_is_told(database: Database, database_url: str) -> None:
    copy = Database(f"{database_url}&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(DatabaseReadOnly), copy.writing() as session:
        session.execute(text("UPDATE jobs SET state = state WHERE false"))
    copy.close()
