"""`sjmvi db`: the schema of the database, and a copy of it."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.database.connection import Database

db = typer.Typer(
    help="The database of jobs: SJMVI_DATABASE_URL, or a file in SJMVI_DATA_DIR.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@db.command("upgrade", epilog="sjmvi db upgrade")
def upgrade_schema(as_json: AsJson = False) -> None:
    """Bring the schema to this version, as the service and its workers do when they start."""
    from app.database.migration import upgrade

    with _database() as database:
        before, now = upgrade(database)
    if as_json:
        typer.echo(json.dumps({"before": before, "now": now}))
    else:
        typer.echo(
            f"schema {now}, as before" if before == now else f"schema {now}, {before or 'none'} before"
        )


@db.command("backup", epilog="sjmvi db backup sjmvi-monday.db")
def back_up(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="of SQLite, or of pg_restore; replaced whole")
    ],
    as_json: AsJson = False,
) -> None:
    """Copy the database while it is in use. Pictures, models and runs are files of SJMVI_DATA_DIR."""
    from app.database.backup import backup

    with _database() as database:
        backup(database, target)
    size = target.stat().st_size
    typer.echo(json.dumps({"file": str(target), "bytes": size}) if as_json else f"{target}, {size} bytes")


@contextmanager
def _database() -> Iterator["Database"]:
    from app.database.connection import Database
    from app.settings import Settings

    with closing(Database(Settings().database)) as database:
        yield database
