"""`sjmvi weights calibrate`: what a bundle's domain scores are ranks among."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.cli_weights import folder_of


def calibrate(
    bundle: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="a bundle's or a run's folder, not published")
    ],
    first: Annotated[
        Path, typer.Argument(help="pictures of the first domain that it was not trained on; 19 to 2,000")
    ],
    second: Annotated[Path, typer.Argument(help="as many of the second")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Calibrate the domain scores of a bundle anew, on pictures like those that it is going to get.

    sjmvi train has done it already where it held out enough. A score is a rank among these pictures: of
    pictures like them about a twentieth has .05 or less. Of more than 2,000 the first by their digests count.
    What the bundle was trained on is left out where a folder is the whole one of the training.
    """
    from app.settings import Settings
    from training.calibration import calibrate_bundle, not_learned_from
    from translation.device import pick_device

    folder = folder_of(str(bundle))
    if folder.resolve().is_relative_to(Settings().models_dir.resolve()):
        raise typer.BadParameter(
            f"{folder} is published and stays as it is: calibrate the run that it came from, and publish that"
        )
    held_out = not_learned_from(folder, (first, second))
    calibrated = calibrate_bundle(folder, held_out, pick_device(device), insists=True)
    counts = {domain: each.pictures for domain, each in (calibrated.card.calibration or {}).items()}
    if as_json:
        typer.echo(json.dumps({"bundle": str(folder), "digest": calibrated.digest, "calibration": counts}))
    else:
        told = " and ".join(f"{count} of {domain}" for domain, count in counts.items())
        typer.echo(f"{folder} scores pictures by {told}, digest {calibrated.digest}")
