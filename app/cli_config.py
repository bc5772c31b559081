"""`sjmvi config`: every setting, its value, and where that comes from."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli_output import wide_console

if TYPE_CHECKING:
    from app.settings import Settings

config = typer.Typer(help="Show what the service is set to.", no_args_is_help=True)


@config.callback()
def _several() -> None:
    """With one verb only, that would be left out."""


@config.command(epilog="sjmvi config show    SJMVI_PORT=8080 sjmvi config show --json")
def show(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Every setting with its value: of a SJMVI_* variable, else of the file, else built in.

    The file is the one that SJMVI_CONFIG_FILE names, or sjmvi.toml here; secrets are hidden.
    """
    from app.configuration import config_file, sources
    from app.settings import Settings

    settings, file = Settings(), config_file()
    origins = sources(Settings.model_fields)
    if as_json:
        values = settings.model_dump(mode="json")
        rows = {name: {"value": values[name], "source": source} for name, source in origins.items()}
        typer.echo(json.dumps({"file": str(file) if file else None, "settings": rows}))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    table.add_column("what it is")
    for name, source in origins.items():
        told = Settings.model_fields[name].description or ""
        value = escape(_shown(settings, name))
        table.add_row(name, value, source if source == "default" else f"[bold]{source}[/bold]", escape(told))
    wide_console().print(table)


def _shown(settings: "Settings", name: str) -> str:
    value = getattr(settings, name)
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    return "" if value is None else str(value)
