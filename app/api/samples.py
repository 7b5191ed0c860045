"""Examples of the OpenAPI document that follow from others: of a field from its type, of an answer from its fields.

Rule 1: an example that somebody wrote is kept.
Rule 2: a field that refers to a component has that component's examples, and none of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

from app.api.schema import Json

_BY_TYPE: Json = {"boolean": True, "array": [], "object": {}}
_TOLD_BY_PEOPLE: Json = {"string": "…", "integer": 1, "number": 1}


def complete(document: Json) -> Json:
    """Give every field, and every JSON answer, of an OpenAPI document an example. Changes the document."""
    components = document["components"]["schemas"]
    for field in chain.from_iterable(each.get("properties", {}).values() for each in components.values()):
        if _follows(field) and not field.keys() & {"const", "example", "examples"}:
            field["examples"] = [sample(field, components)]
    for content in _json_answers(document):
        if not content.keys() & {"example", "examples"}:
            content["example"] = sample(content["schema"], components)
    return document


def sample(schema: Json, components: Mapping[str, Json]) -> Any:
    """Return a value that `schema` allows, made of the examples within it."""
    match schema:
        case {"$ref": str(reference)}:
            return sample(components[reference.rpartition("/")[2]], components)
        case {"examples": [first, *_]} | {"example": first} | {"const": first} | {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return sample(first, components)
        case {"properties": fields}:
            return {name: sample(field, components) for name, field in fields.items()}
        case {"additionalProperties": dict(value)} if value:
            return {"name": sample(value, components)}
        case {"items": dict(item)} if item:
            return [sample(item, components)]
    return (_BY_TYPE | _TOLD_BY_PEOPLE)[schema["type"]]


def _follows(field: Json) -> bool:
    """Tell whether the field's type alone makes a good example."""
    return b'"$ref"' not in orjson.dumps(field) and ("enum" in field or str(field.get("type")) in _BY_TYPE)


def _json_answers(document: Json) -> Iterator[Json]:
    for operation in chain.from_iterable(map(dict.values, document["paths"].values())):
        for answer in operation["responses"].values():
            yield from (content for kind, content in answer.get("content", {}).items() if kind == "application/json")
