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


@experiment.command(epilog="sjmvi experiment mnist --data mnist.npz --seeds 5 --out runs/mnist")
def mnist(
    data: Annotated[Path, typer.Option(help="mnist.npz, of x_train, x_test and y_test")],
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each method")] = 5,
    out: Annotated[Path, typer.Option(help="a folder for results.json and figures")] = Path("runs/mnist"),
    methods: Annotated[
        str | None, typer.Option(help="some of sjmvi,vae,avb: two commands can fill one folder")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="another budget, as in steps=2000 or weights.nelp=1; repeatable"),
    ] = None,
) -> None:
    """MNIST under a banana-shaped prior, by SJMVI, a VAE and AVB: the paper's section 7.

    A finished run is in results.json at once; the same command makes what is missing.
    """
    from training.experiments.mnist.budget import load_budget
    from training.experiments.mnist.experiment import run_experiment
    from training.experiments.mnist.methods import METHODS
    from training.experiments.results import summary

    chosen = list(METHODS) if methods is None else methods.split(",")
    if unknown := set(chosen) - METHODS.keys():
        raise typer.BadParameter(f"--methods: {', '.join(sorted(unknown))} is none of {', '.join(METHODS)}")
    budget = load_budget(overrides or ())
    with _interruptible():
        table = run_experiment(data, out, range(seeds), chosen, budget)
    _print("mean ± std", summary(table))
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
    """All rows have the same columns."""
    columns = list(next(iter(rows.values())))
    table = Table(head, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, cells in rows.items():
        table.add_row(name, *cells.values())
    Console().print(table)
