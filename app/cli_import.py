"""`sjmvi weights import`: a generator that another project published becomes a bundle of ours."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli_options import domain_pair
from app.cli_weights import registry, said_of

if TYPE_CHECKING:
    from translation.card import Card
    from translation.model import TranslationModel


def import_checkpoints(  # noqa: PLR0913, PLR0917 - its parameters are the command line
    first: Annotated[
        Path,
        typer.Argument(
            metavar="G_A", exists=True, dir_okay=False, help="the checkpoint that goes to the second domain"
        ),
    ],
    domains: Annotated[str, typer.Option(help="their names, as in horse,zebra")],
    second: Annotated[
        Path | None,
        typer.Argument(metavar="G_B", exists=True, dir_okay=False, help="the one that goes back"),
    ] = None,
    arch: Annotated[
        str | None, typer.Option(help="what it has to be, as in resnet_9blocks; found when absent")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="the bundle's folder, a new one")] = None,
    name: Annotated[str | None, typer.Option(help="publish it under a name, as sjmvi weights add")] = None,
    training_size: Annotated[
        int, typer.Option(min=8, max=2048, help="short side of the training pictures in pixels")
    ] = 256,
    licence: Annotated[str, typer.Option(help="of the weights; written in the card")] = "not stated",
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Make a bundle of a published ResNet generator of CycleGAN or CUT, or of two, one each way.

    The file is read in a process of its own, and nothing that it says is run. One generator makes a bundle
    that translates one way. Such a bundle draws no samples, its answer to a picture is always the same.
    """
    if (out is None) == (name is None):
        raise typer.BadParameter("give --out DIR for the bundle, or --name NAME to publish it")
    pair = _names(domains)
    from translation.published import import_generators
    from translation.tree import refuse_full

    if out is not None:
        refuse_full(out)
    files = [first] if second is None else [first, second]
    model, card = import_generators(files, pair, arch, training_size, licence)
    folder = _keep(model, card, out, name)
    recognised = card.imported[0].arch
    if as_json:
        row = {"name": name, "folder": str(folder), "directions": card.directions, "arch": recognised}
        typer.echo(json.dumps(row))
    else:
        typer.echo(f"{folder} is {card.pair}, {recognised}")


def _names(domains: str) -> tuple[str, str]:
    from translation.names import NAME, OF

    pair = domain_pair(domains)
    if pair[0] == pair[1] or not all(re.fullmatch(NAME, name) for name in pair):
        raise typer.BadParameter(f"--domains takes two different names, each of {OF}; not {domains!r}")
    return pair


def _keep(model: "TranslationModel", card: "Card", out: Path | None, name: str | None) -> Path:
    """Where the bundle lies. Raises InvalidName, CorruptWeights."""
    from translation.weights import save_bundle

    if out is not None:
        save_bundle(out, model, None, card)
        return out
    with TemporaryDirectory() as folder:
        save_bundle(Path(folder), model, None, card)
        entry = registry().add(Path(folder), name or "")
    if not entry.is_active:
        typer.echo(said_of(entry), err=True)
    return entry.folder
