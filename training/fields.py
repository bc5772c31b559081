"""What the sections of a recipe are made of."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def one_of(table: Mapping[str, object], default: str | None, description: str) -> Any:  # noqa: ANN401
    """A field that names a row; absent where its default is None. In the schema, a choice."""
    names: list[JsonValue] = [*table] if default else [*table, None]
    return Field(default, description=description, json_schema_extra={"enum": names})


def member(name: str | None, table: dict[str, Any]) -> str | None:
    if name is not None and name not in table:
        raise ValueError(f"not one of {', '.join(table)}")
    return name
