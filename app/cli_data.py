"""`sjmvi data`: the pictures themselves, before a training is spent on them."""

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli_options import domain_pair
from app.cli_output import print_table, progress_bar

if TYPE_CHECKING:
    from app.datasets.store import DatasetStore

data = typer.Typer(
    help="Look at pictures before training on them; what was uploaded to the service.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@data.command(
    epilog="sjmvi data inspect horse/ zebra/ --html sheet.html    "
    "sjmvi data inspect data/ --domains horse,zebra --recipe horse2zebra --json"
)
def inspect(
    first: Annotated[Path, typer.Argument(help="pictures of the first domain, or a root as for `train`")],
    second: Annotated[Path | None, typer.Argument(help="pictures of the second domain")] = None,
    recipe: Annotated[str, typer.Option(help="whose size and balance they are held against")] = "quick",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a recipe's value, as in data.size=128; repeatable")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="their names, as in horse,zebra")] = None,
    html: Annotated[Path | None, typer.Option(help="a sheet of thumbnails, one file")] = None,
    single: Annotated[bool, typer.Option("--single", help="one folder of pictures, to translate")] = False,
    as_json: AsJson = False,
) -> None:
    """Counts, sizes, faults, duplicates, colours and surroundings, and what to do about them.

    Exit code 3 says that nothing can be trained on them; warnings leave it at 0.
    """
    from training.config import load_recipe
    from training.doctor import folders, inspection, text
    from training.doctor.sheet import write_sheet
    from training.domains import BadDataset
    from translation.signals import Stopped, stop_signals

    held_against = load_recipe(recipe, overrides or ()).data
    names = domain_pair(domains) if domains is not None else None
    wanted = folders.find_single(first) if single else folders.find_folders(first, second, names)
    with progress_bar("inspecting") as advance, stop_signals() as received, suppress(Stopped):
        inspected = inspection.inspect(
            wanted, held_against.size, advance, lambda: bool(received), balanced=held_against.balance
        )
    if received:
        raise typer.Exit(128 + received[0])
    report = inspected.report
    if html:
        write_sheet(html, inspected)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        Console(highlight=False, soft_wrap=True).print(*text.text(report), sep="\n")
    if not report.usable:
        raise BadDataset("; ".join(each.message for each in report.findings if each.level == "error"))


@data.command("list", epilog="sjmvi data list --json")
def list_datasets(as_json: AsJson = False) -> None:
    """The datasets that were uploaded to the service, by name."""
    from app.datasets.schemas import DatasetSummary

    datasets = [DatasetSummary.model_validate(each.model_dump()) for each in store().all()]
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in datasets]))
    elif datasets:
        rows = [
            (each.name, each.kind, ", ".join(each.domains), str(each.pictures), f"{each.bytes / 1e6:.1f}")
            for each in datasets
        ]
        print_table(("name", "kind", "domains", "pictures", "MB"), rows)
    else:
        typer.echo("none")


@data.command(epilog="sjmvi data remove horses-1f0c")
def remove(
    name: Annotated[str, typer.Argument(help="as sjmvi data list has it")], as_json: AsJson = False
) -> None:
    """Delete an uploaded dataset that no unfinished job needs."""
    from app.cli_jobs import database
    from app.jobs.faults import DatasetInUse
    from app.jobs.ledger import unfinished_of

    with database() as jobs_database:
        if jobs_database and (job_id := unfinished_of(jobs_database, name)):
            raise DatasetInUse(job_id)
    store().remove(name)
    typer.echo(json.dumps({"deleted": name}) if as_json else f"{name} is deleted")


def store() -> "DatasetStore":
    from app.datasets.store import DatasetStore
    from app.settings import Settings

    settings = Settings()
    return DatasetStore(settings.datasets_dir, settings.max_datasets_bytes)
