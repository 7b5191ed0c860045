"""The blocks that `include` adds: JSON-LD and microdata as they stand in the page.

Rule 1: each fails alone, to an empty list.
Rule 2: what is handed out is strict JSON: no NaN, no integer beyond 2^53, no lone surrogate, no depth over
`MAX_DEPTH`, and at most `MAX_BLOCK` bytes.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from app.metadata.document import Document
from app.metadata.values import MAX_STRING

MAX_BLOCK = 256 * 1024
"""Bytes of one block as JSON; the items that do not fit are left out, from the end."""

MAX_DEPTH = 32
"""Levels of nesting that are kept."""

MAX_ITEMS = 5_000
"""Values kept of one block."""

MAX_INTEGER = 2**53
"""RFC 8259, 6: beyond it JSON readers disagree; such a number is given as a string."""


def read_json_ld(document: Document) -> list[Any]:
    """The JSON-LD blocks of a page, each as it was written, scrubbed and capped."""
    return scrub_list(document.json_ld_blocks)


def read_microdata(document: Document) -> list[Any]:
    """The top-level microdata items of a page, nested, scrubbed and capped."""
    return []


def scrub_list(items: list[Any]) -> list[Any]:
    """As many of `items`, scrubbed, as fit into a block."""
    kept: list[Any] = []
    room, budget = MAX_BLOCK, [MAX_ITEMS]
    for item in items:
        clean = _scrub(item, MAX_DEPTH, budget)
        room -= len(orjson.dumps(clean))
        if room < 0:
            break
        kept.append(clean)
    return kept


def scrub(value: Any, limit: int = MAX_BLOCK) -> Any:
    """`value` as strict JSON of at most `limit` bytes; None if it is larger."""
    clean = _scrub(value, MAX_DEPTH, [MAX_ITEMS])
    return clean if len(orjson.dumps(clean)) <= limit else None


def _scrub(value: Any, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        return None
    if isinstance(value, dict):
        return {
            _string(str(key))[:200]: _scrub(item, depth - 1, budget)
            for key, item in _take(value.items(), budget)
        }
    if isinstance(value, list | tuple):
        return [_scrub(item, depth - 1, budget) for item in _take(value, budget)]
    return _scalar(value)


def _take(items: Any, budget: list[int]) -> list[Any]:
    return list(items)[: max(0, budget[0])]


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= MAX_INTEGER else str(value)[:MAX_STRING]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool) else None


def _string(value: str) -> str:
    return value[:MAX_STRING].translate(_CONTROL)


_CONTROL = {code: None for code in (*range(0x09), 0x0B, 0x0C, *range(0x0D, 0x20), *range(0x7F, 0xA0))} | {
    code: 0xFFFD for code in range(0xD800, 0xE000)
}
