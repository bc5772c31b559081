"""`sjmvi weights`: the bundles at hand, what they say of themselves, and whether they are whole."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from translation.registry import Entry, Registry
    from translation.weights import Bundle

weights = typer.Typer(help="List, show, verify, publish and import weights bundles.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
BundleName = Annotated[str, typer.Argument(metavar="BUNDLE", help="a name, or a bundle's or run's folder")]


@weights.command("list", epilog="sjmvi weights list --json")
def list_bundles(as_json: AsJson = False) -> None:
    """Every bundle that has a name, the broken ones with the reason."""
    entries = registry().list()
    if as_json:
        typer.echo(json.dumps([_row(entry) for entry in entries]))
        return
    table = Table("name", "domains", "size", "digest", "licence", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(entry.name, *_cells(entry))
    Console().print(table if entries else "none; sjmvi train makes a bundle, sjmvi weights add names it")


@weights.command(epilog="sjmvi weights show horse2zebra")
def show(bundle: BundleName, as_json: AsJson = False) -> None:
    """A bundle's card: what it is, how it was trained, what was measured."""
    from translation.weights import read_card

    card, digest = read_card(folder_of(bundle))
    text = json.dumps({"digest": digest, **card.model_dump(mode="json")}, indent=None if as_json else 2)
    if as_json:
        typer.echo(text)
    else:
        Console().print_json(text)


@weights.command(epilog="sjmvi weights verify weights/horse2zebra")
def verify(bundle: BundleName, as_json: AsJson = False) -> None:
    """Load a bundle, its hashes, shapes and values checked; exit code 4 says that it cannot be trusted."""
    loaded = load(bundle)
    card = loaded.card
    if as_json:
        typer.echo(json.dumps({"bundle": bundle, "digest": loaded.digest, "domains": card.domains}))
    else:
        typer.echo(f"{bundle} is whole: {card.pair}, digest {loaded.digest}")


@weights.command(epilog="sjmvi weights add runs/horse-zebra --name horse2zebra")
def add(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="a run's or a bundle's folder")],
    name: Annotated[str, typer.Option(help="what it is served as: a-z, 0-9, '.', '_', '-'")],
    as_json: AsJson = False,
) -> None:
    """Publish a bundle under a name; a service that runs takes it at once."""
    entry = registry().add(source, name)
    typer.echo(json.dumps(_row(entry)) if as_json else f"{entry.name} is now {entry.folder}")


def load(bundle: str) -> "Bundle":
    """Raises UnknownModel, InvalidBundle."""
    from translation.weights import load_bundle

    return load_bundle(folder_of(bundle))


def folder_of(bundle: str) -> Path:
    """Of what the user calls a bundle. A path goes before a name. Raises UnknownModel."""
    path = Path(bundle)
    if (path / "bundle").is_dir():
        return path / "bundle"
    return path if path.exists() else registry().folder(bundle)


def registry() -> "Registry":
    from app.settings import Settings
    from translation.registry import Registry

    settings = Settings()
    return Registry(settings.weights_dir, settings.models_dir)


def _row(entry: "Entry") -> dict[str, object]:
    row: dict[str, object] = {"name": entry.name, "folder": str(entry.folder), "digest": entry.digest}
    if entry.card is None:
        return row | {"fault": entry.fault}
    fields = {"domains", "one_way", "training_size", "licence", "created"}
    return row | entry.card.model_dump(mode="json", include=fields)


def _cells(entry: "Entry") -> tuple[str, ...]:
    if entry.card is None:
        return (f"[red]{escape(entry.fault or '')}[/red]",)
    card = entry.card
    return card.pair, f"{card.training_size} px", (entry.digest or "")[:12], card.licence
