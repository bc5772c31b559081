"""`sjmvi experiment`: the method measured against what is known. Each takes up where it was interrupted."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.cli_options import check_domains, class_indices, domain_pair
from app.cli_output import interruptible, print_table

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
    with interruptible():
        results = run(out, seeds)
    _print("learned by", biases(results))
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

    chosen = _chosen(methods, METHODS, "--methods")
    budget = load_budget(overrides or ())
    with interruptible():
        table = run_experiment(data, out, range(seeds), chosen, budget)
    _print("mean ± std", summary(table))
    typer.echo(str(out / "results.json"))


@experiment.command(
    epilog="sjmvi experiment ablations --data horse2zebra/ --domains horse,zebra --features network.onnx "
    "--classes horse=339,zebra=340 --out runs/ablations"
)
def ablations(  # noqa: PLR0913 - every option is one thing to say
    data: Annotated[Path, typer.Option(help="a root with trainA and trainB")],
    domains: Annotated[str, typer.Option(help="their names, as in horse,zebra")],
    features: Annotated[str, typer.Option(help="the network whose features measure: a file, or inception")],
    classes: Annotated[
        str, typer.Option(help="the network's classes of the domains, as in horse=339,zebra=340")
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each row")] = 1,
    out: Annotated[Path, typer.Option(help="a folder for results.json and the runs")] = Path(
        "runs/ablations"
    ),
    rows: Annotated[
        str | None, typer.Option(help="some rows, comma-separated: two commands can fill one folder")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a value of every row's recipe; repeatable")
    ] = None,
) -> None:
    """One factor of the image recipe at a time, from one base: trained alike, measured on validation.

    A finished row is in results.json at once; the same command makes what is missing, from where it stopped.
    """
    from training.evaluation.networks import load_feature_network
    from training.experiments.ablations.experiment import Setting, run_ablations
    from training.experiments.ablations.rows import ROWS
    from training.experiments.ablations.table import ablation_table

    chosen = _chosen(rows, ROWS, "--rows")
    pair, indices = domain_pair(domains), class_indices(classes)
    check_domains(indices, pair)
    with interruptible():
        network = load_feature_network(features)
        setting = Setting(data, pair, network, indices, overrides or ())
        table = run_ablations(setting, out, range(seeds), chosen)
    for source, target in (pair, pair[::-1]):
        _print(f"{source} to {target}", ablation_table(table, source, target))
    typer.echo(str(out / "results.json"))


@experiment.command(
    epilog="sjmvi experiment digits --mnist mnist.npz --usps usps.npz --seeds 3 --out runs/digits"
)
def digits(  # noqa: PLR0913 - every option is one thing to say
    mnist: Annotated[Path, typer.Option(help="mnist.npz, of x_train, y_train, x_test and y_test")],
    usps: Annotated[Path, typer.Option(help="usps.npz, of the same")],
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each method")] = 1,
    out: Annotated[Path, typer.Option(help="a folder for results.json, pictures and the runs")] = Path(
        "runs/digits"
    ),
    methods: Annotated[
        str | None, typer.Option(help="some methods, comma-separated: two commands can fill one folder")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a value of every method's recipe; repeatable")
    ] = None,
) -> None:
    """MNIST and USPS translated into each other without pairs and labels, measured by classifiers.

    A finished run is in results.json at once; the same command makes what is missing, from where it stopped.
    """
    from training.experiments.digits.domains import DIRECTIONS
    from training.experiments.digits.experiment import Setting, run_digits
    from training.experiments.digits.rows import METHODS
    from training.experiments.digits.table import digits_table

    chosen = _chosen(methods, METHODS, "--methods")
    with interruptible():
        table = run_digits(Setting(mnist, usps, overrides or ()), out, range(seeds), chosen)
    for source, target in DIRECTIONS:
        _print(f"{source} to {target}", digits_table(table, source, target))
    typer.echo(str(out / "results.json"))


@experiment.command(epilog="sjmvi experiment ellipses --seeds 3 --out runs/ellipses")
def ellipses(
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each row")] = 1,
    out: Annotated[Path, typer.Option(help="a folder for results.json, pictures and the runs")] = Path(
        "runs/ellipses"
    ),
    rows: Annotated[
        str | None, typer.Option(help="some rows, comma-separated: two commands can fill one folder")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a value of every row's recipe; repeatable")
    ] = None,
) -> None:
    """Brown ellipses and striped ones, made here: are samples as various as the truth, and no more?

    A finished row is in results.json at once; the same command makes what is missing, from where it stopped.
    """
    from training.experiments.ellipses.experiment import Setting, run_ellipses
    from training.experiments.ellipses.rows import ROWS
    from training.experiments.results import summary

    chosen = _chosen(rows, ROWS, "--rows")
    with interruptible():
        table = run_ellipses(Setting(overrides=overrides or ()), out, range(seeds), chosen)
    _print("mean ± std", summary(table))
    typer.echo(str(out / "results.json"))


def _chosen(names: str | None, table: Collection[str], option: str) -> list[str]:
    chosen = list(table) if names is None else names.split(",")
    if unknown := set(chosen) - set(table):
        raise typer.BadParameter(f"{option}: {', '.join(sorted(unknown))} is none of {', '.join(table)}")
    return chosen


def _print(head: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    """All rows have the same columns."""
    columns = [head, *next(iter(rows.values()))]
    print_table(columns, [(name, *cells.values()) for name, cells in rows.items()])
