"""Request bodies and query parameters: read strictly, refused clearly.

JSON as RFC 8259 has it, in UTF-8, and only what can mean one thing: no duplicate names (section 4 leaves them
to the reader), no NaN, no numbers beyond reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.envelope import JSON
from app.api.fields import MOST_ERRORS
from app.api.state import current_request
from app.errors import InvalidBody, PayloadTooLarge, UnsupportedMediaType
from app.plans import MAX_BODY
from app.text import printable


def read_body(schema: Schema) -> Any:
    """The request's JSON object as `schema` loads it. Raises InvalidBody, UnsupportedMediaType, PayloadTooLarge."""
    return _load(schema, _read_object())


def read_query(schema: Schema) -> Any:
    """The query parameters as `schema` loads them. Raises InvalidBody."""
    asked = current_request()
    if not (asked.query_string or schema.fields):
        return {}
    args = asked.args
    repeated = sorted(name for name, values in args.lists() if len(values) > 1)
    if repeated:
        raise _invalid({printable(name): ["Given more than once."] for name in repeated})
    return _load(schema, {name: value for name, value in args.items() if name != "api_key"})


def _load(schema: Schema, value: dict[str, Any]) -> Any:
    try:
        return schema.load(value)
    except ValidationError as error:
        raise _invalid(dict(_flat(error.messages))) from None


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """marshmallow's tree of messages as rows: `urls.3`."""
    if isinstance(messages, dict):
        for name, below in messages.items():
            at = "" if name == "_schema" else printable(str(name))[:200]
            yield from _flat(below, f"{path}.{at}".strip("."))
    else:
        yield path or "body", [str(message) for message in messages]


def _invalid(errors: dict[str, list[str]]) -> InvalidBody:
    told = dict(list(errors.items())[:MOST_ERRORS])
    first, messages = next(iter(told.items()))
    return InvalidBody(f"{first}: {messages[0]}", details={"errors": told})


def _read_object() -> dict[str, Any]:
    asked = current_request()
    if asked.content_type != JSON and not _is_json(asked):  # nearly all send it as it is
        raise UnsupportedMediaType
    if asked.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("Send the JSON as it is, without a Content-Encoding")
    data = _read_bytes(asked)
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid({"body": [_reason(error)]}) from None
    if not isinstance(value, dict):
        raise _invalid({"body": ["Must be a JSON object."]})
    return value


_NOT_WHOLE = {"body": ["Must be whole, as its length or its chunks say."]}


def _is_json(asked: Request) -> bool:
    charset = asked.mimetype_params.get("charset", "utf-8").lower()
    return asked.mimetype == JSON and charset in ("utf-8", "utf8")


def _read_bytes(asked: Request) -> bytes:
    length = asked.content_length
    if length is not None and length > MAX_BODY:
        raise PayloadTooLarge
    try:
        # Of a known length (PEP 3333, wsgi.input): werkzeug clears 128 kB to read the smallest body.
        data = asked.get_data(cache=False) if length is None else asked.environ["wsgi.input"].read(length)
    except RequestEntityTooLarge:
        raise
    except Exception:  # what a server raises at chunks that are none, or break off, is its own affair
        raise _invalid(_NOT_WHOLE) from None
    if len(data) > MAX_BODY:
        raise PayloadTooLarge
    if len(data) < (length or 0):
        raise _invalid(_NOT_WHOLE)
    return data


def _reason(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return "Must be UTF-8."
        case RecursionError():
            return "Nested too deeply."
        case json.JSONDecodeError():
            return f"Must be valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        case _AmbiguousError():
            return str(error)
    return "Must be valid JSON with numbers of a sane length."


class _AmbiguousError(ValueError):
    """Ambiguous JSON: a name twice in an object."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _AmbiguousError(f"Names {printable(twice)[:100]!r} twice in one object.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise _AmbiguousError(f"{name} is no JSON number.")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
