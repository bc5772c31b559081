"""`sjmvi experiment`: the method measured against what is known. Each takes up where it was interrupted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

INTERRUPTED = 130

experiment = typer.Typer(help="Measure the method where the answer is known.", no_args_is_help=True)


@experiment.command(epilog="sjmvi experiment divergences --seeds 5 --out runs/divergences")
def divergences(
    out: Annotated[Path, typer.Option(help="a folder for results.json; an unfinished one goes on")] = Path(
        "runs/divergences"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each ratio")] = 3,
) -> None:
    """What ratios learned by each f, and the structured one, take KL divergences of 0.1 to 8 nats for.

    Bias and standard deviation over the seeds, in nats, of the estimates.
    """
    import torch

    from training.experiments.divergences import biases, run

    torch.set_num_threads(1)  # the tensors are small: threads would wait for one another
    with _interruptible():
        found = run(out, seeds)
    _print("learned by", biases(found))
    typer.echo(str(out / "results.json"))


@contextmanager
def _interruptible() -> Iterator[None]:
    """What is measured is on the disk at any time: an interruption only has to say so."""
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(INTERRUPTED) from stop


def _print(head: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    """A line a method; all have the same columns."""
    columns = list(next(iter(rows.values())))
    table = Table(head, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for method, cells in rows.items():
        table.add_row(method, *cells.values())
    Console().print(table)
