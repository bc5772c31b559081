"""`sjmvi keys`: who may call the service, seen by one that runs without a restart."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from app.cli_output import wide_console
from translation.names import OF

if TYPE_CHECKING:
    from app.keys import Key, KeyRing, Scope

keys = typer.Typer(help="Create, list and revoke the keys of the HTTP API.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
KeyName = Annotated[str, typer.Argument(metavar="NAME", help=f"whose it is: {OF}")]
MAX_DAYS = 36_500


@keys.command(epilog="sjmvi keys create phone --scopes translate --expires 90")
def create(
    name: KeyName,
    scopes: Annotated[str, typer.Option(help="translate, train and admin, which is all; commas between")],
    expires: Annotated[
        int | None, typer.Option(min=1, max=MAX_DAYS, metavar="DAYS", help="never when absent")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once. With the first one the service begins to ask for keys."""
    until = datetime.now(UTC) + timedelta(days=expires) if expires else None
    key, secret = _ring().create(name, _scopes(scopes), until)
    typer.echo(json.dumps({**_row(key), "key": secret}) if as_json else secret)
    if not as_json:
        typer.echo("This is shown once and kept nowhere: store it now.", err=True)


@keys.command("list", epilog="sjmvi keys list --json")
def list_keys(
    as_json: AsJson = False,
    every: Annotated[bool, typer.Option("--all", help="with those that were revoked")] = False,
) -> None:
    """The keys by name and first letters; no key itself."""
    listed = [key for key in _ring().list() if every or not key.revoked]
    if as_json:
        typer.echo(json.dumps([_row(key) for key in listed]))
        return
    table = Table("name", "key", "scopes", "state", "created", "expires", box=None, pad_edge=False)
    for key in listed:
        until = f"{key.expires:%Y-%m-%d}" if key.expires else "never"
        scopes = ", ".join(sorted(key.scopes))
        table.add_row(key.name, f"{key.prefix}…", scopes, key.state, f"{key.created:%Y-%m-%d}", until)
    wide_console().print(table if listed else "none; sjmvi keys create makes one")


@keys.command(epilog="sjmvi keys revoke phone")
def revoke(name: KeyName, as_json: AsJson = False) -> None:
    """End a key at once. The service goes on asking for keys, even when this was the last."""
    key = _ring().revoke(name)
    typer.echo(json.dumps(_row(key)) if as_json else f"{key.name} is revoked")


def _ring() -> "KeyRing":
    from app.keys import KeyRing
    from app.settings import Settings

    return KeyRing(Settings().keys_file)


def _scopes(names: str) -> "frozenset[Scope]":
    """Raises typer.BadParameter."""
    from app.keys import Scope

    try:
        return frozenset(Scope(name.strip()) for name in names.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--scopes takes some of {', '.join(Scope)}, not {names!r}") from error


def _row(key: "Key") -> dict[str, object]:
    row = key.model_dump(mode="json", exclude={"sha256"})
    return {**row, "scopes": sorted(key.scopes), "state": key.state}
