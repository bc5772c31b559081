"""`sjmvi weights`: the bundles at hand, what they say of themselves, and whether they are whole."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli_output import wide_console
from translation.names import OF
from translation.run_folder import RunFolder

if TYPE_CHECKING:
    from translation.registry import Entry, Registry
    from translation.weights import Bundle

weights = typer.Typer(help="List, show, verify, publish and import weights bundles.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
AT = "@"  # between a name and a version
BundleName = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="a name, NAME@VERSION, or a bundle's or run's folder")
]


@weights.command("list", epilog="sjmvi weights list --json    sjmvi weights list horse2zebra")
def list_bundles(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="all versions of this one")] = None,
    as_json: AsJson = False,
) -> None:
    """Every bundle that has a name, the broken ones with the reason."""
    entries = registry().versions(name) if name else registry().list()
    if as_json:
        typer.echo(json.dumps([_row(entry) for entry in entries]))
        return
    table = Table("name", "version", "domains", "size", "created", "licence", box=None, pad_edge=False)
    for entry in entries:
        in_use = " in use" if name and entry.is_active else ""
        table.add_row(entry.name, f"{entry.version or ''}{in_use}", *_cells(entry))
    wide_console().print(table if entries else "none; sjmvi train makes a bundle, sjmvi weights add names it")


@weights.command(epilog="sjmvi weights show horse2zebra")
def show(bundle: BundleName, as_json: AsJson = False) -> None:
    """A bundle's card: what it is, how it was trained, what was measured."""
    from translation.card import read_card

    card, digest = read_card(folder_of(bundle))
    text = json.dumps({"digest": digest, **card.model_dump(mode="json")}, indent=None if as_json else 2)
    if as_json:
        typer.echo(text)
    else:
        Console().print_json(text)


@weights.command(epilog="sjmvi weights verify weights/horse2zebra")
def verify(bundle: BundleName, as_json: AsJson = False) -> None:
    """Check a bundle's hashes, shapes and values, and paint with it; exit code 4: it cannot be trusted."""
    loaded = try_out(folder_of(bundle))
    card = loaded.card
    if as_json:
        typer.echo(json.dumps({"bundle": bundle, "digest": loaded.digest, "domains": card.domains}))
    else:
        typer.echo(f"{bundle} is whole: {card.pair}, digest {loaded.digest}")


@weights.command(epilog="sjmvi weights add runs/horse-zebra --name horse2zebra")
def add(
    source: BundleName,
    name: Annotated[str, typer.Option(help=f"what it is served as: {OF}")],
    activate: Annotated[
        bool, typer.Option("--activate", help="take it into use though the name has another version")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Publish a bundle. Under a new name it is in use at once, by a service that runs as well."""
    folder = folder_of(source)
    try_out(folder)
    entry = registry().add(folder, name, activate)
    typer.echo(json.dumps(_row(entry)) if as_json else said_of(entry))


@weights.command("activate", epilog="sjmvi weights activate horse2zebra 6f1c0f2b9d3e4a51")
def activate_version(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="as sjmvi weights list NAME has it")],
    as_json: AsJson = False,
) -> None:
    """Take another version of a bundle into use, by a service that runs as well."""
    try_out(registry().version(name, version).folder)
    entry = registry().activate(name, version)
    typer.echo(json.dumps(_row(entry)) if as_json else said_of(entry))


@weights.command(epilog="sjmvi weights remove ellipses    sjmvi weights remove ellipses@6f1c0f2b9d3e4a51")
def remove(
    bundle: Annotated[
        str, typer.Argument(metavar="NAME", help="a model, or one version of it: NAME@VERSION")
    ],
    as_json: AsJson = False,
) -> None:
    """Delete a model that was published here, with all its versions, or one version that is not in use.

    Jobs that wait for it will fail; over HTTP it is refused as long as there are any.
    """
    name, at, version = bundle.partition(AT)
    if at:
        registry().remove(name, version)
    else:
        registry().remove_model(name)
    typer.echo(json.dumps({"deleted": bundle}) if as_json else f"{bundle} is deleted")


def load(bundle: str) -> "Bundle":
    """Raises UnknownModel, InvalidBundle."""
    from translation.weights import load_bundle

    return load_bundle(folder_of(bundle))


def try_out(folder: Path) -> "Bundle":
    """Loaded, and a picture painted each way. Raises InvalidBundle."""
    from translation.weights import load_bundle

    bundle = load_bundle(folder)
    bundle.sampler().warm_up()
    return bundle


def said_of(entry: "Entry") -> str:
    if entry.is_active:
        return f"{entry.name} is now {entry.folder}"
    return (
        f"{entry.name} has another version in use: sjmvi weights activate {entry.name} {entry.version} "
        "changes that"
    )


def folder_of(bundle: str) -> Path:
    """Of what the user calls a bundle. A path goes before a name. Raises UnknownModel, UnknownVersion."""
    from translation.registry import UnknownModel

    path = Path(bundle)
    if (of_run := RunFolder(path).bundle).is_dir():
        return of_run
    if path.exists():
        return path
    name, _, version = bundle.partition(AT)
    bundles = registry()
    try:
        return bundles.folder(name, version or None)
    except UnknownModel as error:
        where = " and ".join(str(folder.absolute()) for folder in bundles.folders)
        raise UnknownModel(
            f"{error}; looked for in {where}, which SJMVI_WEIGHTS_DIR and SJMVI_DATA_DIR change"
        ) from error


def called(bundle: str) -> str:
    """What receipts and reports call it, whatever its version."""
    from translation.weights import name_of

    return name_of(Path(bundle)) if Path(bundle).exists() else bundle.partition(AT)[0]


def registry() -> "Registry":
    from app.settings import Settings
    from translation.registry import Registry

    settings = Settings()
    return Registry(settings.weights_dir, settings.models_dir)


def _row(entry: "Entry") -> dict[str, object]:
    fields = ("name", "version", "digest", "is_active", "is_shipped")
    row = {"folder": str(entry.folder), **{field: getattr(entry, field) for field in fields}}
    if entry.card is None:
        return row | {"fault": entry.fault}
    told = {"domains", "one_way", "training_size", "process_size", "licence", "created"}
    return row | entry.card.model_dump(mode="json", include=told)


def _cells(entry: "Entry") -> tuple[str, ...]:
    if entry.card is None:
        return (f"[red]{escape(entry.fault or '')}[/red]",)
    card = entry.card
    return card.pair, f"{card.training_size} px", card.created[:16].replace("T", " "), escape(card.licence)
