"""The fields of a model as OpenAPI says parameters: of a query, or of a form beside a file."""

from typing import Any

from pydantic import BaseModel


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The model's fields as OpenAPI's `parameters`."""
    schema = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": row.pop("description"),
            "schema": row,
        }
        for name, row in _without_null(schema["properties"]).items()
    ]


def form_with_file(model: type[BaseModel], field: str) -> dict[str, Any]:
    """The schema of a multipart form: a file, and the model's fields, which the query may give as well."""
    properties = _without_null(model.model_json_schema()["properties"])
    file = {"type": "string", "format": "binary"}
    return {
        "type": "object",
        "properties": {field: file, **properties},
        "required": [field],
        "additionalProperties": False,
    }


def _without_null(properties: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Absent is how a query or a form says null, so null itself must not be promised."""
    return {name: _choices(row) for name, row in properties.items()}


def _choices(row: dict[str, Any]) -> dict[str, Any]:
    given = [choice for choice in row.get("anyOf", []) if choice != {"type": "null"}]
    rest = {key: value for key, value in row.items() if key not in {"anyOf", "title"} and value is not None}
    return rest | (given[0] if len(given) == 1 else {"anyOf": given} if given else {})
