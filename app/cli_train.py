"""`sjmvi train`: two folders in, a model both ways out; or on with a run that was stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, cast

import typer

from app.cli_options import domain_pair
from app.cli_schema import print_recipes, print_schema
from translation.run_folder import RunFolder

OF_NEW_RUNS = ("recipe", "domains", "out", "features", "minutes")


def train(  # noqa: PLR0913, PLR0917 - its parameters are the command line
    context: typer.Context,
    first: Annotated[
        Path | None, typer.Argument(help="pictures of the first domain, or a root with trainA and trainB")
    ] = None,
    second: Annotated[Path | None, typer.Argument(help="pictures of the second domain")] = None,
    recipe: Annotated[str, typer.Option(help="a shipped recipe's name, or a TOML file")] = "quick",
    domains: Annotated[
        str | None, typer.Option(help="their names, as in horse,zebra; the folders' own when absent")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="a recipe's value, as in training.steps=500; repeatable")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="the run's folder")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="a run to go on with; folders, if its own have moved; --set changes its micro_batch, say"
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    features: Annotated[
        str | None,
        typer.Option(help="validate by this network if the recipe names none and pictures are enough"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="about how long the steps take, on this machine; validation comes on top"),
    ] = None,
    probe_batch: Annotated[
        bool, typer.Option("--probe-batch", help="print the largest training.micro_batch that fits, and end")
    ] = False,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", is_eager=True, callback=print_schema, help="a recipe's JSON schema, and no more"
        ),
    ] = False,
    recipes: Annotated[
        bool,
        typer.Option(
            "--recipes", is_eager=True, callback=print_recipes, help="those that ship, with it, as JSON"
        ),
    ] = False,
) -> None:
    """Train a model on two folders of unpaired pictures. RUN/bundle/ is the result.

    Under torchrun each of its processes, and GPUs, trains on its part of every batch.
    """
    if first is None and resume is None and not probe_batch:
        raise typer.BadParameter("give two folders, or a root that holds both, or --resume RUN")
    _refuse_of_new_runs(context, resume)
    if minutes is not None and any(each.startswith("training.steps=") for each in overrides or ()):
        raise typer.BadParameter("--minutes is in place of training.steps: leave one of them out")
    names = domain_pair(domains) if domains is not None else None
    if probe_batch:
        from training.probe import probe_batch as probe

        typer.echo(str(probe(str(RunFolder(resume).recipe) if resume else recipe, overrides or (), device)))
        return
    from training import run

    if resume is not None:
        folders = None if first is None else (first, second)
        _follow(lambda: run.resume(resume, device, overrides or (), folders))
        return
    given = (cast(Path, first), second, recipe, names, overrides or (), out, device)
    _follow(lambda: run.train(*given, features=features, minutes=minutes))


def _refuse_of_new_runs(context: typer.Context, resume: Path | None) -> None:
    """What would be passed over in silence."""
    sources = {name: context.get_parameter_source(name) for name in OF_NEW_RUNS}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if resume is not None and given:
        raise typer.BadParameter(f"--{given[0]} is for a new run: {resume} goes on with its own")


def _follow(training: Callable[[], Path]) -> None:
    """To its end, and says where its bundle is; or how it goes on."""
    from training.distributed import is_first_process
    from training.interruption import Interrupted

    try:
        finished = training()
    except Interrupted as stopped:
        if is_first_process():
            typer.echo(str(stopped), err=True)
        raise typer.Exit(128 + stopped.signal_number) from stopped
    if is_first_process():
        typer.echo(str(RunFolder(finished).bundle))
