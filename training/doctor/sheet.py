"""The report as a page: its findings and thumbnails, in one file that needs no other and no network."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

from training.doctor.inspection import Inspection
from training.doctor.measure import Measured
from training.doctor.report import Duplicates, Place, UnevenKind
from translation import durable
from translation.codec import InvalidImage, decode, encode, on_white

SHOWN_OF_FOLDER = 36
SHOWN_GROUPS = 30
SHOWN_OF_GROUP = 4
THUMBNAIL = (160, 112)  # pixels at most; a few kilobytes each


def write_sheet(file: Path, inspection: Inspection) -> None:
    durable.write(file, sheet(inspection).encode())


def sheet(inspection: Inspection) -> str:
    """HTML. What it shows is decoded once more: some hundreds of pictures at most."""
    from jinja2 import Environment  # no part of what training itself needs

    report, pictures = inspection.report, inspection.pictures
    samples = {folder.folder: _sample(pictures, folder.folder) for folder in report.folders}
    shown = {name for sample in samples.values() for name in sample}
    shown.update(_in_groups(report.exact), _in_groups(report.near))
    template = (files("training.doctor") / "sheet.html").read_text("utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    return page.render(
        report=report,
        samples=samples,
        thumbnails=_thumbnails([picture for picture in pictures if picture.name in shown]),
        repeated={"Exact duplicates": report.exact, "Near duplicates": report.near},
        uneven=_crops(pictures, report.surroundings.kinds if report.surroundings else ()),
        most_groups=SHOWN_GROUPS,
        most_of_group=SHOWN_OF_GROUP,
    )


def _sample(pictures: Sequence[Measured], label: str) -> list[str]:
    """At equal distances in the order of the files."""
    names = [picture.name for picture in pictures if picture.folder.label == label]
    shown = min(SHOWN_OF_FOLDER, len(names))
    return [names[index * len(names) // shown] for index in range(shown)]


def _in_groups(duplicates: Duplicates) -> Iterator[str]:
    for group in duplicates.listed[:SHOWN_GROUPS]:
        yield from group.files[:SHOWN_OF_GROUP]


def _thumbnails(pictures: Sequence[Measured]) -> dict[str, str]:
    """By name, as addresses that hold the picture itself."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(_thumbnail, pictures)
        return {picture.name: address for picture, address in zip(pictures, found, strict=True) if address}


def _crops(pictures: Sequence[Measured], kinds: Sequence[UnevenKind]) -> list[tuple[UnevenKind, list[str]]]:
    """Each kind with its places, as addresses."""
    named = {picture.name: picture for picture in pictures}
    crops = ([_thumbnail(named[place.file], place) for place in kind.places] for kind in kinds)
    return [(kind, list(filter(None, shown))) for kind, shown in zip(kinds, crops, strict=True)]


def _thumbnail(picture: Measured, place: Place | None = None) -> str | None:
    try:
        image = on_white(decode(picture.file.read_bytes()))
    except (InvalidImage, OSError):  # it has gone since it was measured
        return None
    if place is not None:
        image = image.crop(place.pixels(image.size))
    image.thumbnail(THUMBNAIL)
    return f"data:image/jpeg;base64,{b64encode(encode(image, 'JPEG', quality=80)).decode()}"
