"""What commands that measure have in common: tables of figures, and an interruption that loses nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.table import Table

INTERRUPTED = 130
WIDTH = 110


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """The first column names the rows."""
    console = Console()
    console.width = max(console.width, WIDTH)  # a table cut short in a log is of no use
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False)


@contextmanager
def interruptible() -> Iterator[None]:
    """What is measured is on the disk at any time: an interruption only has to say so."""
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(INTERRUPTED) from stop
