"""An example of a JSON Schema: the one that it names, or else one made from its type."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_OF_FORMAT = {
    "date": "2026-08-04",
    "date-time": "2026-08-04T12:00:00.000Z",
    "email": "ada@example.com",
    "uuid": "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42",
}


def example(schema: Schema, schemas: Schema, *, complete: bool = True) -> Any:
    """Return an example of a schema, whose references are to `schemas`.

    An object has all of its properties if `complete`, and otherwise those that are required or have a default other
    than nothing; the first one if that leaves none.
    """
    match schema:
        case {"$ref": reference}:
            return example(schemas[reference.rpartition("/")[2]], schemas, complete=complete)
        case {"examples": [first, *_]} | {"const": first}:
            return first
        case {"enum": [first, *_]}:
            return schema.get("default", first)
        case {"allOf": parts}:
            merged = [example(part, schemas, complete=complete) for part in parts]
            return {name: value for part in merged for name, value in part.items()}
        case {"anyOf": choices}:
            return example(
                next(choice for choice in choices if choice.get("type") != "null"), schemas, complete=complete
            )
        case _:
            return _of_type(schema, schemas, complete=complete)


def _of_type(schema: Schema, schemas: Schema, *, complete: bool) -> Any:
    match schema.get("type"):
        case "object":
            properties: Schema = schema.get("properties", {})
            chosen = [name for name, own in properties.items() if complete or _is_usual(name, own, schema)]
            chosen = chosen or list(properties)[:1]
            return {name: example(properties[name], schemas, complete=complete) for name in chosen}
        case "array":
            return [example(schema["items"], schemas, complete=complete)]
        case "integer" | "number":
            return schema.get("default", schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
        case "boolean":
            return schema.get("default", True)
        case "string":
            return schema.get("default") or _OF_FORMAT.get(schema.get("format", ""), "text")
        case _:
            return None


def _is_usual(name: str, schema: Schema, parent: Schema) -> bool:
    return name in parent.get("required", ()) or schema.get("default") not in {None, ""}
