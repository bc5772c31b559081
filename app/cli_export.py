"""`sjmvi export`: a bundle for programs that know nothing of this project."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli_weights import BundleName, load


class ExportFormat(StrEnum):
    ONNX = "onnx"
    TORCH = "torch"


def export(
    bundle: BundleName,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="a new folder")],
    export_format: Annotated[
        ExportFormat, typer.Option("--format", help="ONNX, or torch.export's archive")
    ] = ExportFormat.ONNX,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Write each direction of a bundle as one file, for pictures of any size and batches of any.

    The noise code is an input; the mean, and the scale where it is learned, are outputs. Every file is run
    and compared with the model at several sizes, and none is left that differs.
    """
    from translation.export import export_bundle
    from translation.tree import refuse_full

    refuse_full(out)
    exported = export_bundle(load(bundle), out, export_format)
    if as_json:
        typer.echo((out / "export.json").read_text())
        return
    for row in exported:
        alike = f"{row.parity.levels:.2g} grey levels at most over {len(row.parity.shapes)} sizes"
        typer.echo(f"{row.source} to {row.to}  {out / row.file}  differs by {alike}")
