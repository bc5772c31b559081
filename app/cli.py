"""`sjmvi`: one command, all verbs. Each imports what it needs when it runs: --help waits for no torch."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

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
from app.cli_train import train
from app.cli_translate import translate
from app.cli_weights import weights
from app.cli_worker import worker

DEBUG = "--debug"
ERRORS = (
    "Every error is one line, `error: <slug>: <message>`; --debug shows where it came from. "
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 input, 4 model or bundle, 5 environment, 6 some items failed, "
    "130 and 143 signals."
)

app = typer.Typer(
    name="sjmvi",
    help="Unpaired image-to-image translation that samples: two folders in, a model both ways out.",
    epilog=ERRORS,
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
app.command(
    epilog="sjmvi train horse/ zebra/ --minutes 30    sjmvi train --resume runs/horse2zebra    "
    "sjmvi train data/ --domains horse,zebra --set training.steps=20000    "
    "torchrun --nproc-per-node 2 -m app.cli train horse/ zebra/ --recipe horse2zebra"
)(train)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"sjmvi {version('sjmvi')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="which version this is", callback=_show_version, is_eager=True)
    ] = False,
) -> None: ...


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
        message = error.format_message()  # empty where nothing was given, and the help was shown
        return _fail("usage", message, error.exit_code) if message else error.exit_code
    except BrokenPipeError:
        return 1
    except Exception as error:  # the last one to see it
        if debug:
            raise
        from app.cli_faults import told

        problem, message = told(error)
        return _fail(problem.slug, message, problem.exit_code)


def _fail(slug: str, message: str, exit_code: int) -> int:
    typer.echo(f"error: {slug}: {message}", err=True)
    return exit_code


if __name__ == "__main__":  # torchrun -m app.cli
    main()
