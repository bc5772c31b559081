"""`sjmvi data`: the pictures themselves, before a training is spent on them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from training.doctor.inspection import Inspection
    from training.doctor.report import Duplicates, FolderReport, Range, Report

NAMED = 10  # unreadable files of a folder; --json and --html have more

data = typer.Typer(help="Look at pictures before training on them.", no_args_is_help=True)


@data.callback()
def _group() -> None:
    """Keeps `inspect` a word of its own while it is the only one."""


@data.command(
    epilog="sjmvi data inspect horse/ zebra/ --html sheet.html    "
    "sjmvi data inspect data/ --domains horse,zebra --recipe horse2zebra --json"
)
def inspect(
    first: Annotated[Path, typer.Argument(help="pictures of the first domain, or a root as for `train`")],
    second: Annotated[Path | None, typer.Argument(help="pictures of the second domain")] = None,
    recipe: Annotated[str, typer.Option(help="whose training size they are held against")] = "quick",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a recipe's value, as in data.size=128; repeatable")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="their names, as in horse,zebra")] = None,
    html: Annotated[Path | None, typer.Option(help="a sheet of thumbnails, one file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Counts, sizes, faults, duplicates and colours, and what to do about them.

    Exit code 3 says that nothing can be trained on them; warnings leave it at 0.
    """
    inspection = _inspect(first, second, domains, recipe, overrides or [])
    report = inspection.report
    if html:
        _write(html, inspection)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        _print(report)
    if not report.usable:
        from training.domains import BadDataset

        raise BadDataset("; ".join(each.message for each in report.findings if each.level == "error"))


def pair(domains: str | None) -> tuple[str, str] | None:
    """Of --domains. Raises typer.BadParameter."""
    if domains is None:
        return None
    names = [name.strip() for name in domains.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"--domains takes two names with a comma between, not {domains!r}")
    return names[0], names[1]


def _inspect(
    first: Path, second: Path | None, domains: str | None, recipe: str, overrides: list[str]
) -> "Inspection":
    from training.config import load_recipe
    from training.doctor.folders import find_folders
    from training.doctor.inspection import Stopped, inspect
    from translation.signals import stop_signals

    size = load_recipe(recipe, overrides).data.size
    folders = find_folders(first, second, pair(domains))
    with _progress() as advance, stop_signals() as received, suppress(Stopped):
        inspection = inspect(folders, size, advance, stopped=lambda: bool(received))
    if received:
        raise typer.Exit(128 + received[0])
    return inspection


def _write(html: Path, inspection: "Inspection") -> None:
    from training.doctor.sheet import sheet
    from translation.durable import replacing

    with replacing(html) as file:
        file.write(sheet(inspection).encode())


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """On stderr."""
    columns = (TextColumn("inspecting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    task = progress.add_task("", total=None)
    with ExitStack() as shown:

        def advance(done: int, total: int) -> None:
            if done == 1:  # not before there is any: an error stays alone on its line
                shown.enter_context(progress)
            progress.update(task, completed=done, total=total)

        yield advance


def _print(report: "Report") -> None:
    console = Console(highlight=False, soft_wrap=True)
    head = ("", "pictures", "unreadable", "short side", "narrow", "grey", "modes")
    table = Table(*head, box=None, pad_edge=False)
    for folder in report.folders:
        table.add_row(*_cells(folder))
    console.print(table)
    console.print(f"exact duplicates  {_told(report.exact)}")
    console.print(f"near duplicates   {_told(report.near)}")
    if report.colour_auc is not None:
        console.print(f"told by colour    {report.colour_auc:.0%} of pairs, 50% is chance")
    for folder in report.folders:
        for lost in folder.unreadable.files[:NAMED]:
            console.print(escape(f"unreadable  {lost.file}: {lost.reason}"))
    for finding in report.findings:
        style = "red" if finding.level == "error" else "yellow"
        console.print(f"[{style}]{finding.level}[/]  {escape(finding.message)}; {escape(finding.advice)}")


def _cells(folder: "FolderReport") -> tuple[str, ...]:
    modes = ", ".join(f"{mode} {count}" for mode, count in folder.modes.items())
    counts = (folder.pictures, folder.unreadable.count)
    return (
        escape(folder.folder),
        *map(str, counts),
        _side(folder.short_side),
        str(folder.small.count),
        str(folder.grey.count),
        modes,
    )


def _side(side: "Range | None") -> str:
    return f"{side.smallest} to {side.largest}" if side else ""


def _told(found: "Duplicates") -> str:
    return (
        f"{found.groups} groups of {found.pictures} pictures, "
        f"{found.across_splits} across train and test, {found.across_domains} across domains"
    )
