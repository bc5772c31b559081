"""`sjmvi config`: every setting, its value, and where that comes from."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False)
    for name, source in origins.items():
        told = Settings.model_fields[name].description or ""
        value = escape(_shown(settings, name))
        table.add_row(name, value, source if source == "default" else f"[bold]{source}[/bold]", escape(told))
    Console().print(table)


def _shown(settings: "Settings", name: str) -> str:
    value = getattr(settings, name)
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    return "" if value is None else str(value)
