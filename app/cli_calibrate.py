"""`sjmvi weights calibrate`: what pictures decide that a bundle was not trained on."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.cli_output import progress_bar
from app.cli_weights import folder_of

GIVEN = "given to sjmvi weights calibrate, without those that the card is known to have been trained on"


def calibrate(
    bundle: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="a bundle's or a run's folder, not published")
    ],
    first: Annotated[
        Path, typer.Argument(help="pictures of the first domain that it was not trained on; 19 to 2,000")
    ],
    second: Annotated[Path, typer.Argument(help="as many of the second")],
    features: Annotated[
        str | None,
        typer.Option(help="what sees, as for evaluate: choose the size that it works at as well"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Calibrate a bundle anew, on pictures like those that it is going to get: its domain scores and, with
    --features, the size that it works at.

    sjmvi train has done so already where it held out enough, and had such a network. A score is a rank among
    these pictures: of pictures like them about a twentieth has .05 or less. Of more than 2,000 the first
    count. What the bundle was trained on is left out where a folder is the whole one of the training.
    """
    from app.settings import Settings
    from training.calibration import calibrate_bundle, not_learned_from
    from training.evaluation.networks import load_feature_network
    from training.process_size import SizedBy, choose_process_size
    from translation.card import read_card
    from translation.device import pick_device

    folder = folder_of(str(bundle))
    if folder.resolve().is_relative_to(Settings().models_dir.resolve()):
        raise typer.BadParameter(
            f"{folder} is published and stays as it is: calibrate the run that it came from, and publish that"
        )
    held_out, processor = not_learned_from(folder, (first, second)), pick_device(device)
    network = load_feature_network(features, processor) if features else None
    has_scores = read_card(folder)[0].architecture.discriminator is not None
    if has_scores or network is None:  # what was imported has none, and is refused here
        calibrate_bundle(folder, held_out, processor, insists=True)
    if network is not None:
        with progress_bar("trying sizes") as advance:
            choose_process_size(folder, held_out, SizedBy(network, GIVEN), processor, advance)
    _tell(folder, as_json)


def _tell(folder: Path, as_json: bool) -> None:
    from translation.card import read_card

    card, digest = read_card(folder)
    counts = {domain: each.pictures for domain, each in (card.calibration or {}).items()}
    if as_json:
        said = {"bundle": str(folder), "digest": digest}
        typer.echo(json.dumps(said | {"calibration": counts, "process_size": card.process_size}))
    else:
        told = " and ".join(f"{count} of {domain}" for domain, count in counts.items()) or "none"
        typer.echo(
            f"{folder} scores pictures by {told} and works at {card.process_size} pixels, digest {digest}"
        )
