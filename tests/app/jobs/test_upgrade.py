"""Services and workers that start at the same time on a database that is new."""

import subprocess
import sys
from contextlib import closing

from app.database.connection import Database
from app.database.migration import is_made

UPGRADE = """
import sys
from app.database.connection import Database
from app.database.migration import upgrade

database = Database(sys.argv[1])
upgrade(database)
database.close()
"""


def test_all_that_start_at_once_bring_the_schema_up_one_after_the_other(database_url: str) -> None:
    upgrades = [subprocess.Popen([sys.executable, "-c", UPGRADE, database_url]) for _ in range(3)]
    try:
        assert [each.wait(120) for each in upgrades] == [0, 0, 0]
    finally:
        for each in upgrades:
            each.kill()
            each.wait()
    with closing(Database(database_url)) as database:
        assert is_made(database)
