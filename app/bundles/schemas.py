"""Versions of a model, as they are published, listed and taken into use over HTTP."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.schemas import DIGEST, SUMMARY, ModelSummary, VersionName, example

VERSION = DIGEST[:16]
VERSION_EXAMPLE = {
    **SUMMARY,
    **{"created": "2026-11-20T09:41:00+00:00", "is_active": True, "is_shipped": False},
}


class BundleParameters(BaseModel):
    """Of POST .../versions: in the query, or as fields of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    activate: bool = Field(
        False, description="use it at once; of a name that is new, the first version always is"
    )


class ActiveVersion(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"version": VERSION}]}
    )

    version: VersionName


class VersionSummary(ModelSummary):
    model_config = example(VERSION_EXAMPLE)

    created: str
    is_active: bool = Field(description="the one that translates")
    is_shipped: bool = Field(description="it came with the project, and cannot be deleted")


class VersionDetails(VersionSummary):
    model_config = example({**VERSION_EXAMPLE, "card": {"schema_version": 1, "training_size": 128}})

    card: dict[str, Any]


class Versions(BaseModel):
    model_config = example({"versions": [VERSION_EXAMPLE]})

    versions: list[VersionSummary] = Field(description="the newest first, those whose cards can be read")
