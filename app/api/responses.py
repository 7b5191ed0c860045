"""The contract of answers, as JSON Schema (OpenAPI 3.1): cards from the domain's own types, errors from their tree."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from app.errors import PagecardError, TargetError, leaves
from app.metadata.model import Metadata

Json = dict[str, Any]

STRING: Json = {"type": "string"}
BOOLEAN: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}
MOMENT: Json = {"type": "string", "format": "date-time"}

_PRIMITIVES: dict[Any, Json] = {
    str: STRING,
    int: {"type": "integer"},
    bool: BOOLEAN,
    types.NoneType: {"type": "null"},
}


def obj(properties: Json, *, optional: Iterable[str] = (), closed: bool = True) -> Json:
    """An object with these properties, all required but the `optional` ones, and no other where it is `closed`."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in set(optional)],
        "additionalProperties": not closed,
    }


def array(items: Json) -> Json:
    return {"type": "array", "items": items}


def nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def of_type(annotation: Any) -> Json:
    """The schema of a type of the domain: a struct, a tuple of one thing, a union, a primitive."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return obj({field.name: of_type(field.type) for field in fields(annotation)})
    if typing.get_origin(annotation) is tuple:
        return array(of_type(typing.get_args(annotation)[0]))
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return {"anyOf": [of_type(each) for each in typing.get_args(annotation)]}
    return dict(_PRIMITIVES[annotation])


def card() -> Json:
    """`data`: a card, and the blocks that were included."""
    schema = of_type(Metadata)
    blocks = {
        "json_ld": array({}),
        "microdata": array({}),
        "oembed": nullable({"type": "object"}),
    }
    schema["properties"] |= blocks
    return schema


META = obj({"request_id": STRING, "response_time_ms": COUNT})

STALE: Json = {"const": True, "description": "The card is older than asked for: fetching it again failed."}

SUMMARY = obj({"total": COUNT, "successful": COUNT, "failed": COUNT})


def result() -> Json:
    """One URL of a batch: success or failure, told apart by `success`."""
    error = obj(
        {
            "code": {"enum": [leaf.code for leaf in leaves(TargetError)]},
            "message": STRING,
            "retryable": BOOLEAN,
            "details": {"type": "object"},
        },
        optional=["details"],
    )
    good = obj(
        {"url": STRING, "success": {"const": True}, "data": ref("Card"), "cache_hit": BOOLEAN, "stale": STALE},
        optional=["stale"],
    )
    bad = obj({"url": STRING, "success": {"const": False}, "error": error})
    return {"oneOf": [good, bad]}


def envelope(data: Json, meta: Json = META) -> Json:
    return obj({"success": {"const": True}, "data": data, "meta": meta})


def error_envelope(errors: Iterable[type[PagecardError]]) -> Json:
    codes = sorted({error.code for error in errors})
    error = obj({"code": {"enum": codes}, "message": STRING, "details": {"type": "object"}}, optional=["details"])
    return obj({"success": {"const": False}, "error": error, "meta": obj({"request_id": STRING})})


def extract_meta() -> Json:
    own = {"cache_hit": BOOLEAN, "stale": STALE, "cache_ttl": COUNT, "fetched_at": MOMENT}
    return obj(META["properties"] | own, optional=["stale"])


def usage() -> Json:
    limit = nullable({"type": "integer", "minimum": 1})
    limits = {
        "batch_limit": {"type": "integer", "minimum": 1},
        "per_minute": limit,
        "burst": limit,
        "per_month": limit,
    }
    return obj({"plan": STRING, "limits": obj(limits), "used": obj({"month": STRING, "urls": COUNT})})


def error_code() -> Json:
    """Every code there is. A path that takes another method answers METHOD_NOT_ALLOWED, which no operation names."""
    rows = {leaf.code: f"- `{leaf.code}` ({leaf.status}): {leaf.message}" for leaf in leaves(PagecardError)}
    return {"enum": sorted(rows), "description": "\n".join(rows.values())}


COMPONENTS: dict[str, Json] = {"Card": card(), "Result": result(), "ErrorCode": error_code()}

BATCH = envelope(obj({"results": array(ref("Result")), "summary": SUMMARY}))
STREAM_LINE = {
    "description": "Lines: each result with its `index`, and last `summary` and `meta`.",
    "type": "string",
}
EXTRACT = envelope(ref("Card"), extract_meta())
USAGE = envelope(usage())
HEALTH = obj({"status": {"const": "ok"}})
READINESS = obj({"status": STRING, "stores": {"type": "object", "additionalProperties": {"enum": ["ok", "failed"]}}})
