"""What became of each file of a translation, while it is at work and after: from its command's report."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from app.jobs.faults import UnknownPicture
from app.jobs.folder import JobFolder
from app.schemas import example
from translation.codec import MEDIA_TYPES
from translation.report import JSON_LINES
from translation.tree import FORMAT_OF_SUFFIX

JOB = "/v1/jobs/019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a"


class TranslatedFile(BaseModel):
    file: str = Field(description="of the dataset")
    outcome: Literal["translated", "failed"]
    pictures: list[str] = Field(description="a path for each sample")
    seed: int | None
    domain_score: float | None = Field(description="as of POST /v1/translations")
    message: str = Field(description="why it failed; empty where it did not")


EXAMPLE = {
    **{"file": "inner/b.jpg", "outcome": "translated", "pictures": [f"{JOB}/pictures/inner/b.jpg"]},
    **{"seed": 7, "domain_score": 0.42, "message": ""},
}


class TranslatedFiles(BaseModel):
    model_config = example({"files": [EXAMPLE]})

    files: list[TranslatedFile] = Field(
        description="each once, with what became of it last: as they come while the job is at work, by name "
        "from its end on"
    )


def translated_files(folder: JobFolder, url: str, after: int, limit: int) -> list[TranslatedFile]:
    """Those after the first `after`, as many as `limit`; `url` is the job's."""
    report = folder.out / JSON_LINES
    return [
        TranslatedFile(
            file=row["file"],
            outcome=row["outcome"],
            pictures=[f"{url}/pictures/{quote(name)}" for name in row["outputs"]],
            seed=row["seed"],
            domain_score=row.get("domain_score"),
            message=row["message"],
        )
        for row in (_rows(report, after, limit) if report.exists() else ())
    ]


def picture(folder: JobFolder, name: str) -> tuple[Path, str]:
    """And its media type. Raises UnknownPicture, also of what lies elsewhere or is none of the pictures."""
    if "\0" in name or any(part.startswith(".") for part in Path(name).parts):
        raise UnknownPicture
    out = folder.out.resolve()
    try:
        path = (out / name).resolve()
        is_there = path.is_relative_to(out) and path.is_file()
    except OSError:  # no file can have such a name
        raise UnknownPicture from None
    picture_format = FORMAT_OF_SUFFIX.get(path.suffix.lower())
    if not is_there or picture_format is None:
        raise UnknownPicture
    return path, MEDIA_TYPES[picture_format]


def _rows(report: Path, after: int, limit: int) -> Iterator[dict[str, Any]]:
    """The latest of each file, in the order in which they first came."""
    places: dict[str, int] = {}  # not the rows themselves: there may be 100 000, for a page of some
    with report.open("rb") as lines:
        begin = 0
        for line in lines:
            if row := _parsed(line):
                places[row["file"]] = begin
            begin += len(line)
        for place in islice(places.values(), after, after + limit):
            lines.seek(place)
            yield json.loads(lines.readline())


def _parsed(line: bytes) -> dict[str, Any] | None:
    """None of a line that is being written, or is none of a report."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and "file" in row else None
