"""A dataset as it is stored in dataset.json and answered over HTTP, and what its upload may say of it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from translation.names import NAME

DOMAINS = f"^{NAME},{NAME}$"
ROOT = ("trainA", "trainB", "testA", "testB")  # of a dataset with splits, as published ones have them

Kind = Literal["pair", "single"]
Name = Annotated[str, Field(pattern=f"^{NAME}$")]


class DatasetParameters(BaseModel):
    """Of POST /v1/datasets: in the query, or as fields of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="what it will be called", examples=["ellipses"])
    domains: Annotated[str, Field(pattern=DOMAINS)] | None = Field(
        None,
        description="the domains' names, as in horse,zebra: needed for trainA and trainB; of two folders "
        "they are the folders' own, in the order wanted, or new ones for the two in alphabetical order",
    )
    kind: Kind | None = Field(
        None, description="what its folders are to be taken for, where their number should not decide"
    )

    @property
    def domain_pair(self) -> tuple[str, str] | None:
        if self.domains is None:
            return None
        first, second = self.domains.split(",")
        return first, second


class SkippedFile(BaseModel):
    file: str
    reason: str


class Skipped(BaseModel):
    count: int
    files: list[SkippedFile] = Field(description="the first of them")


class DatasetSummary(BaseModel):
    name: str
    kind: Kind = Field(description="a pair of domains to train on, or single: pictures to translate")
    domains: list[str] = Field(description="the two of a pair, the first one observed; none of a single")
    pictures: int
    bytes: int = Field(description="of the pictures, unpacked")
    created: datetime


EXAMPLE: dict[str, Any] = {
    "name": "ellipses",
    "kind": "pair",
    "domains": ["plain", "striped"],
    "pictures": 720,
    "bytes": 2_874_113,
    "created": "2026-11-20T09:41:00Z",
    "skipped": {"count": 1, "files": [{"file": "ellipses/.DS_Store", "reason": "hidden"}]},
    "report": {"schema": 1, "usable": True, "training_size": 64, "folders": [], "findings": []},
}


SUMMARY = {name: EXAMPLE[name] for name in DatasetSummary.model_fields}


class DatasetDetails(DatasetSummary):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    skipped: Skipped = Field(description="entries of the archive that were left out, and why")
    report: dict[str, Any] = Field(description="what `sjmvi data inspect --json` says of the pictures")


def inputs(pictures: Path, kind: Kind, domains: Sequence[str]) -> tuple[str, ...]:
    """How `sjmvi data inspect` is told of the pictures in that folder."""
    if kind == "single":
        return (str(pictures), "--single")
    if (pictures / ROOT[0]).is_dir():
        return (str(pictures), "--domains", ",".join(domains))
    return tuple(str(pictures / domain) for domain in domains)


def side(pictures: Path, domains: Sequence[str], domain: str) -> Path:
    """The folder of one of a pair's domains; of one with splits that to test on, where there is one."""
    if not (pictures / ROOT[0]).is_dir():
        return pictures / domain
    letter = "AB"[domains.index(domain)]
    test = pictures / f"test{letter}"
    return test if test.is_dir() else pictures / f"train{letter}"


class DatasetPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"datasets": [SUMMARY], "next_cursor": "ellipses"}]}
    )

    datasets: list[DatasetSummary] = Field(description="by name")
    next_cursor: str | None = Field(description="the `cursor` of the next page; null on the last")
