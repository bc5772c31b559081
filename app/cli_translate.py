"""`sjmvi translate`: a file, a tree of files, or a pipe."""

import json
import sys
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli_output import progress_bar
from app.cli_translate_words import (
    PIPE,
    naming,
    receipt_in_words,
    summary_in_words,
    summed_up_when_full,
    with_options,
)
from app.cli_weights import BundleName, called, load
from app.problem import SOME_FAILED

if TYPE_CHECKING:
    from translation.report import FileReport
    from translation.sampler import ProcessSize
    from translation.translator import TranslationRequest, Translator

MAX_SEED = 2**63 - 1


class PictureFormat(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    BMP = "bmp"
    TIFF = "tiff"
    GIF = "gif"


@dataclass(frozen=True)
class Done:
    """What --json says of it, and the exit code."""

    report: dict[str, object]
    exit_code: int = 0


def translate(  # noqa: PLR0913, PLR0917 - its parameters are the command line
    bundle: BundleName,
    source: Annotated[str, typer.Argument(metavar="IN", help="a picture, a folder of them, or - for stdin")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="a folder, a picture's name, or - for stdout")],
    to: Annotated[str, typer.Option(help="the domain to translate to")],
    samples: Annotated[int, typer.Option(min=1, max=16, help="translations of each picture")] = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_SEED, help="the same seed, the same pictures; else a folder's own or a fresh one"
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="scales the noise; 0: the mean")] = 1.0,
    size: Annotated[
        str | None,
        typer.Option(help="short side at work: pixels or native; the bundle's own when absent"),
    ] = None,
    frame: Annotated[int | None, typer.Option(min=0, help="of an animated file, counted from 0")] = None,
    picture_format: Annotated[
        PictureFormat | None,
        typer.Option(
            "--format", case_sensitive=False, help="of the translations; the picture's own when absent"
        ),
    ] = None,
    metadata: Annotated[bool, typer.Option(help="whether the files say how they were made")] = True,
    refuse_at: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="leave out what has this domain score or less, and so about this share of the domain's",
        ),
    ] = 0.0,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="replace a picture, or a folder's that are of another model, seed or options"
        ),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="say what was done as JSON on stdout")] = False,
) -> None:
    """Translate pictures. Names, folders and formats are kept; a second run does no work twice."""
    process_size = _process_size(size)
    if out == PIPE and (as_json or samples > 1):
        raise typer.BadParameter("stdout takes one picture: no --json and no --samples beside it")
    is_one = _is_one(source, out, picture_format)
    from translation.translator import TranslationRequest

    translator = _translator(bundle, device)
    request = TranslationRequest(
        to,
        samples,
        seed,
        temperature,
        picture_format and picture_format.name,
        process_size,
        frame=frame,
        embed_metadata=metadata,
        refuse_at=refuse_at,
    )
    _check(translator, request)
    if is_one:
        done = Done(_translate_one(translator, source, out, request, overwrite))
    else:
        done = _translate_tree(translator, Path(source), Path(out), request, overwrite)
    if as_json:
        typer.echo(json.dumps(done.report))
    if done.exit_code:
        raise typer.Exit(done.exit_code)


def _translator(name: str, device: str) -> "Translator":
    from app.settings import Settings
    from translation.device import keep_freed_memory, pick_device
    from translation.translator import Translator

    bundle, processor = load(name), pick_device(device)
    keep_freed_memory(processor)
    return Translator(bundle, processor, Settings().picture_limits, called(name))


def _check(translator: "Translator", request: "TranslationRequest") -> None:
    """Raises UnknownDomain, NoDomainScore."""
    from translation.translator import NoDomainScore

    try:
        translator.check_request(request)
    except NoDomainScore as error:
        raise NoDomainScore(with_options(str(error))) from error


def _translate_one(
    translator: "Translator", source: str, out: str, request: "TranslationRequest", overwrite: bool
) -> dict[str, object]:
    """One picture with the seed as given, so that the service's answer to it is the same."""
    from translation import durable
    from translation.tree import FORMAT_OF_SUFFIX, InvalidInput, check_names, name_outputs

    with naming(source):
        data = sys.stdin.buffer.read() if source == PIPE else _read(source)
    if out == PIPE:
        with naming(source):
            translation = translator(data, request)
        sys.stdout.buffer.write(translation.pictures[0])
        return {}
    outputs = name_outputs([out], None, request.samples)[out]
    check_names(Path(out).parent, outputs)
    for name in (name for name in outputs if Path(name).exists()):
        if source != PIPE and Path(name).samefile(source):
            raise InvalidInput(f"{source} is the input, which must stay as it is: give another name")
        if not overwrite:
            raise InvalidInput(f"{name} is there already: give another name, or --overwrite")
    with naming(source):
        translation = translator(data, replace(request, format=FORMAT_OF_SUFFIX[Path(out).suffix.lower()]))
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    for name, picture in zip(outputs, translation.pictures, strict=True):
        durable.write(Path(name), picture)
    typer.echo(f"{', '.join(outputs)}: {receipt_in_words(translation.receipt)}", err=True)
    return {"outputs": outputs, **asdict(translation.receipt)}


def _read(source: str) -> bytes:
    from translation.tree import InvalidInput, read_bytes

    try:
        return read_bytes(Path(source))
    except OSError as error:
        raise InvalidInput(f"{source}: {error.strerror}") from error


def _translate_tree(
    translator: "Translator", source: Path, out: Path, request: "TranslationRequest", overwrite: bool
) -> Done:
    """A signal ends it between two pictures."""
    from translation.folders import translate_folder
    from translation.signals import stop_signals

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    bar = progress_bar("translating", console)
    with summed_up_when_full(out), bar as advance, stop_signals() as received:

        def tell(done: int, total: int, row: "FileReport") -> None:
            advance(done, total)
            if row.outcome == "failed":
                console.print(f"{row.file}: {with_options(row.message)}", markup=False)

        summary = translate_folder(
            translator, source, out, request, tell, stopped=lambda: bool(received), overwrite=overwrite
        )
    typer.echo(summary_in_words(summary, out), err=True)
    if summary.left:
        typer.echo(f"stopped, {summary.left} pictures left; the same command goes on with them", err=True)
        return Done(asdict(summary), 128 + received[0])
    return Done(asdict(summary), SOME_FAILED if summary.failed else 0)


def _is_one(source: str, out: str, wanted: PictureFormat | None) -> bool:
    """Whether OUT is to be a picture, not a folder. Raises typer.BadParameter."""
    from translation.tree import FORMAT_OF_SUFFIX

    suffix = "" if out.endswith("/") or Path(out).is_dir() else Path(out).suffix.lower()
    named = FORMAT_OF_SUFFIX.get(suffix)
    if source == PIPE != out and not named:
        raise typer.BadParameter(f"a picture from stdin needs a picture's name, or - for stdout, not {out!r}")
    if out == PIPE or not (source == PIPE or Path(source).is_file()):
        return out == PIPE
    if suffix and not named:
        known = ", ".join(sorted(FORMAT_OF_SUFFIX))
        raise typer.BadParameter(f"{out}: not one of {known}; a folder's name ends in /")
    if named and wanted and named != wanted.name:
        raise typer.BadParameter(f"{out} names a {named} and --format a {wanted.name}: leave one of them out")
    return named is not None


def _process_size(size: str | None) -> "ProcessSize":
    if size is None:
        return None
    if size == "native":
        return "native"
    from translation.sampler import MAX_PROCESS_SIZE, MIN_SIDE

    if not size.isdecimal() or not MIN_SIDE <= int(size) <= MAX_PROCESS_SIZE:
        raise typer.BadParameter(
            f"--size takes {MIN_SIDE} to {MAX_PROCESS_SIZE} pixels or native, not {size!r}"
        )
    return int(size)
