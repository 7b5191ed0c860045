"""Header fields: limits of received fields, rules for callers' fields."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_FIELD = 8 * 1024  # characters of a target's field that are searched; a longer one means nothing more
MAX_HEADERS = 50
MAX_HEADERS_LENGTH = 16_384  # characters of all names and values

# Fields about how a message travels (RFC 9110, sections 7.2 and 7.6.1) are Pagecard's own to send.
_FORBIDDEN = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect")
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


def cut(fields: Mapping[str, str]) -> dict[str, str]:
    """Limit each field to `MAX_FIELD` characters, for readers that search them."""
    return {name: value[:MAX_FIELD] for name, value in fields.items()}


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Describe the problems of a caller's headers, by field name; empty where there are none."""
    problems = {name: problem for name, value in headers.items() if (problem := _problem(name, value))}
    if len(headers) > MAX_HEADERS:
        problems["headers"] = f"at most {MAX_HEADERS} fields"
    elif sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADERS_LENGTH:
        problems["headers"] = f"at most {MAX_HEADERS_LENGTH:,} characters in all"
    elif len({name.lower() for name in headers}) < len(headers):
        problems["headers"] = "each field once, whatever its case"
    return problems


def _problem(name: str, value: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "a field name holds ASCII letters, digits and !#$%&'*+-.^_`|~ only"
    if name.lower() in _FORBIDDEN or name.lower().startswith("proxy-"):
        return "this field is Pagecard's own to send"
    if not _VALUE.fullmatch(value):
        return "a value holds printable ASCII only"
    return None
