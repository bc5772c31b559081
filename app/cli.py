"""`sjmvi`: one command, all verbs. Each imports what it needs when it runs: --help waits for no torch.

Exit codes: 0 ok, 1 failed, 2 usage, 3 input, 4 model or bundle, 5 environment, 6 some items failed,
130 and 143 signals.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from app.cli_calibrate import calibrate
from app.cli_config import config
from app.cli_data import data
from app.cli_db import db
from app.cli_doctor import doctor
from app.cli_evaluate import evaluate
from app.cli_experiment import experiment
from app.cli_export import export
from app.cli_import import import_checkpoints
from app.cli_jobs import jobs
from app.cli_keys import keys
from app.cli_options import domain_pair
from app.cli_schema import print_recipes, print_schema
from app.cli_translate import translate
from app.cli_weights import weights
from app.cli_worker import worker

if TYPE_CHECKING:
    from app.errors import Problem

DEBUG = "--debug"

app = typer.Typer(
    name="sjmvi",
    help="Unpaired image-to-image translation that samples: two folders in, a model both ways out.",
    epilog="Every error is one line, `error: <slug>: <message>`; --debug shows where it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
weights.command(
    "import", epilog="sjmvi weights import G_A.pth G_B.pth --domains horse,zebra --name published"
)(import_checkpoints)
weights.command(epilog="sjmvi weights calibrate runs/horse-zebra new_horses/ new_zebras/")(calibrate)
app.add_typer(weights, name="weights")
app.add_typer(data, name="data")
app.add_typer(keys, name="keys")
app.add_typer(config, name="config")
app.add_typer(jobs, name="jobs")
app.add_typer(db, name="db")
app.add_typer(experiment, name="experiment")
app.command(epilog="sjmvi translate weights/horse2zebra photos/ out/ --to zebra --samples 4 --seed 7")(
    translate
)
app.command(
    epilog="sjmvi evaluate weights/horse2zebra testA/ testB/ --seeds 3 --classes horse=339,zebra=340"
)(evaluate)
app.command(epilog="sjmvi doctor --json")(doctor)
app.command(epilog="sjmvi export weights/horse2zebra onnx/    sjmvi export horse2zebra out/ --format torch")(
    export
)

app.command(epilog="sjmvi worker --device cuda:1")(worker)


@app.command(
    epilog="sjmvi train horse/ zebra/ --minutes 30    sjmvi train --resume runs/horse2zebra    "
    "sjmvi train data/ --domains horse,zebra --set training.steps=20000    "
    "torchrun --nproc-per-node 2 -m app.cli train horse/ zebra/ --recipe horse2zebra"
)
def train(  # noqa: PLR0913, PLR0917 - its parameters are the command line
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
        Path | None, typer.Option(help="a run to go on with; --set changes its micro_batch, say")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    features: Annotated[
        str | None,
        typer.Option(help="validate by this network if the recipe names none and pictures are enough"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="about how long, on this machine, in place of the recipe's training.steps"),
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
    if (first is None) == (resume is None) and not probe_batch:
        raise typer.BadParameter("give two folders, or a root that holds both, or --resume RUN")
    counted = any(each.startswith("training.steps=") for each in overrides or ())
    if minutes is not None and (resume or counted):
        raise typer.BadParameter("--minutes is for a new run, and in place of its training.steps")
    names = domain_pair(domains) if domains is not None else None
    if probe_batch:
        from training.probe import probe_batch as probe

        typer.echo(str(probe(str(resume / "recipe.toml") if resume else recipe, overrides or (), device)))
        return
    from training import run
    from training.distributed import is_first_process

    try:
        if first is None:
            finished = run.resume(cast(Path, resume), device, overrides or ())
        else:
            finished = run.train(
                *(first, second, recipe, names, overrides or (), out, device),
                features=features,
                minutes=minutes,
            )
    except run.Interrupted as stopped:
        if is_first_process():
            typer.echo(str(stopped), err=True)
        raise typer.Exit(128 + stopped.signal_number) from stopped
    if is_first_process():
        typer.echo(str(finished / "bundle"))


@app.command(epilog="sjmvi serve --port 8080")
def serve(
    host: Annotated[str | None, typer.Option(help="where to listen; SJMVI_HOST, 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="0 for a free one; SJMVI_PORT, 8000")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N")] = None,
    insecure_no_auth: Annotated[
        bool,
        typer.Option("--insecure-no-auth", help="let anybody who reaches it use it until there is a key"),
    ] = False,
) -> None:
    """Serve the page and the HTTP API. SJMVI_* variables, or sjmvi.toml, set the rest: sjmvi config show."""
    from app import forks

    forks.prepare()
    from app import server
    from app.main import create_app
    from app.settings import Settings

    insecure = insecure_no_auth or None
    settings = Settings().updated(host=host, port=port, device=device, insecure_no_auth=insecure)
    server.serve(create_app(settings), settings)


def main() -> NoReturn:
    arguments = [argument for argument in sys.argv[1:] if argument != DEBUG]
    sys.exit(execute(arguments, debug=DEBUG in sys.argv[1:]))


def execute(arguments: Sequence[str], debug: bool = False) -> int:
    """The exit code. Errors become one line on stderr, but with `debug`, which lets them through."""
    try:
        return app(arguments, prog_name="sjmvi", standalone_mode=False) or 0
    except typer.TyperException as error:
        return _fail("usage", error.format_message(), error.exit_code)
    except BrokenPipeError:
        return 1
    except Exception as error:  # the last one to see it
        if debug:
            raise
        try:
            problem, message = _problem_of(error), _message_of(error)
        except ModuleNotFoundError:  # the table is the service's, and a machine may have what trains alone
            return _fail(_slug_of(error), _line_of(error), 1)
        return _fail(problem.slug, message, problem.exit_code)


def _fail(slug: str, message: str, exit_code: int) -> int:
    typer.echo(f"error: {slug}: {message}", err=True)
    return exit_code


def _message_of(error: Exception) -> str:
    from pydantic import ValidationError

    from app.errors import faults_of

    if isinstance(error, ValidationError):
        return "; ".join(f"{name} {fault}" for name, fault in faults_of(error))
    return _line_of(error)


def _line_of(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _slug_of(error: Exception) -> str:
    """By its class, as the table has most."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def _problem_of(error: Exception) -> "Problem":
    from app.errors import PROBLEMS, problem_of

    return problem_of(error, {**PROBLEMS, **_training_problems()})


def _training_problems() -> Mapping[type[Exception], "Problem"]:
    """No part of the service's table: it never trains, its jobs are processes of this command."""
    if "training" not in sys.modules:  # then none of its errors can have been raised
        return {}
    from app.errors import ENVIRONMENT, FAILED, INPUT, USAGE, Problem
    from training.checkpoint import CorruptCheckpoint, RunInUse
    from training.config import BadRecipe
    from training.distributed import LostProcess
    from training.domains import BadDataset
    from training.evaluation.features import BadFeatureNetwork
    from training.evaluation.figures import BadProtocol
    from training.experiments.results import OtherResults
    from training.memory import TooLittleMemory
    from training.origin import NotARun
    from training.trainer import Diverged

    return {
        BadRecipe: Problem("bad-recipe", 422, USAGE),
        BadDataset: Problem("bad-dataset", 422, INPUT),
        BadFeatureNetwork: Problem("bad-feature-network", 422, INPUT),
        BadProtocol: Problem("bad-protocol", 422, USAGE),
        NotARun: Problem("not-a-run", 422, INPUT),
        OtherResults: Problem("other-results", 409, INPUT),
        CorruptCheckpoint: Problem("corrupt-checkpoint", 422, INPUT),
        RunInUse: Problem("run-in-use", 409, ENVIRONMENT),
        LostProcess: Problem("lost-process", 500, ENVIRONMENT),
        TooLittleMemory: Problem("out-of-memory", 500, ENVIRONMENT),
        Diverged: Problem("diverged", 500, FAILED),
    }


if __name__ == "__main__":  # torchrun -m app.cli
    main()
