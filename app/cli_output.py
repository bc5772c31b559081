"""What commands show alike: tables of figures, how far they are, and an interruption that loses nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

INTERRUPTED = 130
WIDTH = 110


def wide_console() -> Console:
    """As wide as the terminal, or wide enough for a table: cut short in a log it is of no use."""
    console = Console()
    console.width = max(console.width, WIDTH)
    return console


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """The first column names the rows."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    wide_console().print(table, markup=False)


@contextmanager
def progress_bar(doing: str, console: Console | None = None) -> Iterator[Callable[[int, int], None]]:
    """Told how many pictures are done, of how many: it shows them, images/s and the time left, on stderr."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f} images/s"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console or Console(stderr=True), speed_estimate_period=120)
    task, started = progress.add_task("", rate=0.0, total=None), perf_counter()
    with ExitStack() as shown:

        def advance(done: int, total: int) -> None:
            if not progress.live.is_started:  # not before there is any: an error stays alone on its line
                shown.enter_context(progress)
            progress.update(task, completed=done, total=total, rate=done / (perf_counter() - started))

        yield advance


@contextmanager
def interruptible() -> Iterator[None]:
    """What is measured is on the disk at any time: an interruption only has to say so."""
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(INTERRUPTED) from stop
