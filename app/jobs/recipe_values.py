"""Whether a recipe can have the values that an order sets: each by what the schema says of its field.

What one field asks of another, the training says when it begins.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

DEFINITIONS = "$defs"
SHOWN = 60  # characters of a value
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "object": "a section, each field of which is set by itself",
}
BOUNDS = {
    "minimum": "of at least",
    "exclusiveMinimum": "over",
    "maximum": "of at most",
    "exclusiveMaximum": "below",
    "multipleOf": "divisible by",
}


def faults(values: Mapping[str, Any], schema: Schema) -> list[str]:
    """What is wrong with each that cannot be; `values` are by the way to the field, as in training.steps."""
    definitions = schema.get(DEFINITIONS, {})
    told = (_fault(name, value, schema, definitions) for name, value in values.items())
    return [fault for fault in told if fault]


def _fault(name: str, value: object, schema: Schema, definitions: Schema) -> str | None:
    found = list(_fields(schema, name.split("."), definitions))
    if not found:
        return f"{name} is no field of a recipe: GET /v1/recipes has them all"
    validators = [Draft202012Validator({**each, DEFINITIONS: definitions}) for each in found]
    if any(validator.is_valid(form) for validator in validators for form in _forms(value)):
        return None
    wanted = " or ".join(dict.fromkeys(_wanted(each, definitions) for each in found))
    return f"{name} should be {wanted}, not {json.dumps(value, ensure_ascii=False)[:SHOWN]}"


def _fields(schema: Schema, way: Sequence[str], definitions: Schema) -> Iterator[Schema]:
    """What is said of the field there; several times where a section is one of several, as networks are."""
    if not way:
        yield schema
        return
    schema = _resolved(schema, definitions)
    for each in _alternatives(schema):
        yield from _fields(each, way, definitions)
    if way[0] in schema.get("properties", {}):
        yield from _fields(schema["properties"][way[0]], way[1:], definitions)


def _forms(value: object) -> Iterator[object]:
    """A list of names may come as `--set` has it as well, with commas between."""
    yield value
    if isinstance(value, str):
        yield [name.strip() for name in value.split(",") if name]


def _wanted(schema: Schema, definitions: Schema) -> str:
    schema = _resolved(schema, definitions)
    if alternatives := [each for each in _alternatives(schema) if each.get("type") != "null"]:
        return " or ".join(dict.fromkeys(_wanted(each, definitions) for each in alternatives))
    if "enum" in schema:
        return f"one of {', '.join(str(name) for name in schema['enum'] if name is not None)}"
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return _wanted_list(schema, definitions)
    bounds = [f"{words} {schema[bound]}" for bound, words in BOUNDS.items() if bound in schema]
    return " ".join([KINDS.get(schema.get("type", ""), "another value"), " and ".join(bounds)]).strip()


def _wanted_list(schema: Schema, definitions: Schema) -> str:
    if parts := schema.get("prefixItems"):
        return f"[{', '.join(_wanted(each, definitions) for each in parts)}]"
    return f"a list of {_wanted(schema.get('items', {}), definitions)}"


def _alternatives(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    return found


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = definitions[schema["$ref"].rpartition("/")[2]]
    return found
