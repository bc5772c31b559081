"""An evaluation as a page, one file: tables, protocol, and a contact sheet of the first pictures."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from training.evaluation.bench import Bench, Direction
from training.evaluation.report import PAGE, Table
from training.evaluation.translations import mean_codes, samples_of, translate
from translation import durable

PICTURES = 8
SAMPLES = 4
THUMBNAIL = 128  # pixels of the longer side
QUALITY = 85


@dataclass(frozen=True)
class SheetRow:
    """Thumbnails as data addresses: the source, its samples, the mean image, the first sample's way back.

    That is None where the model goes one way.
    """

    name: str
    source: str
    samples: tuple[str, ...]
    mean: str
    back: str | None


@dataclass(frozen=True)
class Sheet:
    source: str
    target: str
    rows: tuple[SheetRow, ...]


def contact_sheet(bench: Bench, at: Direction) -> Sheet:
    """Of the first pictures, under the first seed."""
    some = at.sources.first(PICTURES)
    return Sheet(
        at.source,
        at.target,
        tuple(_row(bench, at, name, image) for name, image in zip(some.names, some, strict=True)),
    )


def _row(bench: Bench, at: Direction, name: str, image: Image.Image) -> SheetRow:
    sampler, seed = bench.sampler, bench.protocol.seeds[0]
    code = mean_codes(1, sampler.model.code_size)
    count = SAMPLES if sampler.model.code_size else 1
    samples = samples_of(sampler, image, name, at.target, seed, count)
    (mean,) = translate(sampler, [image], at.target, code)
    back = None
    if at.source in sampler.model.targets:
        back = data_address(next(translate(sampler, samples[:1], at.source, code)))
    return SheetRow(name, data_address(image), tuple(map(data_address, samples)), data_address(mean), back)


def data_address(image: Image.Image) -> str:
    """A JPEG in the page itself."""
    thumbnail, buffer = image.copy(), BytesIO()
    thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
    thumbnail.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def write_page(
    folder: Path, document: dict[str, Any], tables: Sequence[Table], sheets: Sequence[Sheet]
) -> Path:
    environment = Environment(
        loader=PackageLoader("training.evaluation", "."), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("page.html").render(document=document, tables=tables, sheets=sheets)
    durable.write(folder / PAGE, page.encode("utf-8", "surrogateescape"))
    return folder / PAGE
