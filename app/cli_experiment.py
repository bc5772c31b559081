"""`sjmvi experiment`: what was published, made again with this code, one command each."""

from pathlib import Path
from typing import Annotated

import typer

experiment = typer.Typer(
    help="Experiments with a known answer: the paper's own, and what its estimators are worth.",
    no_args_is_help=True,
)

Out = Annotated[Path | None, typer.Option(help="results.json and figures; runs/NAME when absent")]
Seeds = Annotated[int, typer.Option(min=1, max=1000, help="how many: 0, 1, ...")]


@experiment.command(epilog="sjmvi experiment mnist --data mnist.npz --seeds 5 --out runs/mnist")
def mnist(
    data: Annotated[Path, typer.Option(help="mnist.npz, of x_train, x_test and y_test")],
    seeds: Seeds = 5,
    out: Out = None,
    methods: Annotated[
        str | None, typer.Option(help="some of sjmvi,vae,avb; two commands can share a results.json")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="a smaller or larger budget, for all methods")
    ] = None,
) -> None:
    """MNIST under a banana-shaped prior: SJMVI, a VAE and AVB (the paper's section 7).

    A finished run is in OUT/results.json at once; the same command again makes what is missing.
    """
    from training.experiments.mnist.experiment import run_experiment
    from training.experiments.mnist.methods import METHODS, Budget
    from training.experiments.results import summary

    chosen = list(METHODS) if methods is None else methods.split(",")
    if unknown := set(chosen) - METHODS.keys():
        raise typer.BadParameter(f"--methods: {', '.join(sorted(unknown))} is none of {', '.join(METHODS)}")
    budget = Budget() if steps is None else Budget(steps=steps)
    table = run_experiment(data, out or Path("runs/mnist"), range(seeds), chosen, budget)
    typer.echo(summary(table))
