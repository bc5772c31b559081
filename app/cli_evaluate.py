"""`sjmvi evaluate`: a bundle's figures both ways, beside those of doing nothing and of real pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.cli_options import check_domains, class_indices
from app.cli_output import interruptible, print_table, progress_bar
from app.cli_weights import BundleName, called, load

T = TypeVar("T")


def evaluate(  # noqa: PLR0913, PLR0917 - its parameters are the command line
    bundle: BundleName,
    first: Annotated[
        Path, typer.Argument(help="test pictures of the first domain, or a root with testA and testB")
    ],
    second: Annotated[Path | None, typer.Argument(help="test pictures of the second domain")] = None,
    features: Annotated[
        str, typer.Option(help="what sees: inception for FID, or a .onnx, TorchScript .pt or Inception .pth")
    ] = "inception",
    out: Annotated[
        Path | None, typer.Option(help="a folder for the figures; an unfinished one goes on")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=8, max=2048, help="bring all pictures to this short side first, pixels")
    ] = None,
    seeds: Annotated[str, typer.Option(help="how many, or which: 3, or 0,1,2")] = "1",
    classes: Annotated[
        str | None, typer.Option(help="the network's class of each domain, as in horse=339,zebra=340")
    ] = None,
    train: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="training pictures of both, for the floor; else those beside the test folders"),
    ] = None,
    samples: Annotated[int, typer.Option(min=2, max=64, help="of one input, for the diversity")] = 10,
    inputs: Annotated[
        int, typer.Option(min=2, help="pictures whose samples and structure are looked at")
    ] = 30,
    noise: Annotated[
        str, typer.Option(help="on the cycle's intermediate picture, sigma in [-1, 1]")
    ] = "0.01,0.05",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="the figures as JSON on stdout")] = False,
) -> None:
    """Measure a bundle: distances to test pictures, diversity, cycle, content and bounds, both ways."""
    from training.evaluation.bundle import Subject, evaluate_bundle
    from training.evaluation.figures import EvaluationProtocol
    from training.evaluation.folders import find_test_folders
    from training.evaluation.networks import load_feature_network
    from training.evaluation.report import JSON, PAGE, tables
    from translation.device import keep_freed_memory, pick_device

    chosen = class_indices(classes) if classes else None
    protocol = EvaluationProtocol(
        _seeds(seeds), size, samples, inputs, _numbers("--noise", noise, float), chosen
    )
    processor, loaded, name = pick_device(device), load(bundle), called(bundle)
    keep_freed_memory(processor)
    check_domains(chosen, loaded.card.domains)
    folders = find_test_folders(first, second, train, loaded.card, size)
    network = load_feature_network(features, processor)  # last: it may have to be fetched
    folder = out or Path("runs") / f"evaluation-{name}"
    with interruptible(), progress_bar("evaluating") as progress:
        evaluation = evaluate_bundle(
            Subject(loaded, name), folders, network, protocol, folder, processor, progress
        )
    if as_json:
        typer.echo((folder / JSON).read_text("utf-8"))
        return
    for table in tables(evaluation):
        print_table(table.columns, table.rows, table.title)
        typer.echo()
    typer.echo(str(folder / PAGE))


def _seeds(text: str) -> tuple[int, ...]:
    """A count, or the seeds themselves."""
    listed = _numbers("--seeds", text.rstrip(","), int)
    if min(listed) < 0 or len(set(listed)) < len(listed) or (text.isdecimal() and not 1 <= listed[0] <= 1000):
        raise typer.BadParameter(f"--seeds takes a count from 1, or different seeds from 0, not {text!r}")
    return tuple(range(listed[0])) if text.isdecimal() else listed


def _numbers(option: str, text: str, kind: Callable[[str], T]) -> tuple[T, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes numbers with commas between, not {text!r}") from error
