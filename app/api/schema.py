"""JSON Schema of the answers (OpenAPI 3.1), made by msgspec from the Structs that are encoded.

Rule 1: every object is a named component.
Rule 2: a field is required unless it may be UNSET, and no other field may appear.
Rule 3: every constant and enumeration states its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Meta, Struct
from msgspec.structs import fields

from app.metadata.model import doc

Json = dict[str, Any]

__all__ = ["Json", "component", "constant", "doc", "one_of", "ref", "schemas"]

# Generators of clients take a bare object for one without fields, and refuse a bare array.
_FREE: dict[str, Json] = {"object": {"additionalProperties": True}, "array": {"items": {}}}

REF = "#/components/schemas/{name}"


def constant(value: object) -> Meta:
    """Fix a field to one value, which tells the alternatives of a union apart."""
    return Meta(description=f"Always `{msgspec.json.encode(value).decode()}`.", extra_json_schema={"const": value})


def one_of(values: Iterable[str], text: str) -> Meta:
    """Restrict a string to `values`, and describe it."""
    return Meta(description=text, extra_json_schema={"enum": [str(value) for value in values]})


def component(name: str, text: str) -> Meta:
    """Refer to the component `name` in place of the field's own type."""
    return Meta(description=text, extra_json_schema=ref(name))


def ref(name: str) -> Json:
    return {"$ref": REF.format(name=name)}


def schemas(structs: Iterable[type[Struct]]) -> dict[str, Json]:
    """Return a named schema for each of `structs` and every Struct or Enum within them."""
    known = dict.fromkeys(_reachable(structs))
    _, found = msgspec.json.schema_components(known, ref_template=REF)
    for struct in known:
        _close(found[struct.__name__], struct)
    return {name: _typed(schema) for name, schema in sorted(found.items())}


def _reachable(annotations: Iterable[Any]) -> Iterator[type[Struct]]:
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            yield annotation
            yield from _reachable(field.type for field in fields(annotation))
        yield from _reachable(get_args(annotation))


def _close(schema: Json, struct: type[Struct]) -> None:
    schema["required"] = [field.encode_name for field in fields(struct) if field.default is not UNSET]
    schema["additionalProperties"] = False
    for each in schema["properties"].values():
        each.pop("default", None)


def _typed(schema: Any) -> Any:
    """Leave a reference its description alone, and type enumerations and free objects."""
    if isinstance(schema, list):
        return [_typed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {name: value for name, value in schema.items() if name in ("$ref", "description")}
    typed: Json = {"type": "string"} if "enum" in schema else {}
    typed |= _FREE.get(str(schema.get("type")), {})
    return typed | {name: _typed(value) for name, value in schema.items()}
