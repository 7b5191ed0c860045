"""Strict JSON of strangers: no NaN, no integer beyond 2^53, no lone surrogate, bounded in depth, length and bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson

from app.metadata.values import MAX_LIST, MAX_STRING

MAX_BLOCK = 256 * 1024
"""Bytes of one block as JSON; the last items that do not fit are left out."""

MAX_DEPTH = 32
"""Levels of nesting."""

MAX_VALUES = 5_000
"""Values of one block."""

MAX_KEY = 200
"""Characters of a key."""

MAX_INTEGER = 2**53
"""RFC 8259, 6: beyond it JSON readers disagree; such a number is given as a string."""

_UNFIT = dict.fromkeys((*range(0x09), 0x0B, 0x0C, *range(0x0D, 0x20), *range(0x7F, 0xA0))) | dict.fromkeys(
    range(0xD800, 0xE000), 0xFFFD
)


def scrub_list(items: Iterable[Any]) -> list[Any]:
    """Scrub as many of `items` as fit into a block."""
    kept: list[Any] = []
    room, budget = MAX_BLOCK - 2, [MAX_VALUES]
    for item in islice(items, MAX_LIST):
        clean = _scrub(item, MAX_DEPTH, budget)
        room -= len(orjson.dumps(clean)) + 1
        if room < 0 or budget[0] < 0:
            break
        kept.append(clean)
    return kept


def scrub(value: Any) -> Any:
    """Make `value` strict JSON: values that JSON does not know become None."""
    return _scrub(value, MAX_DEPTH, [MAX_VALUES])


def _scrub(value: Any, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        return None
    if isinstance(value, dict):
        items = list(value.items())[: max(budget[0], 0)]
        return {_text(str(key))[:MAX_KEY]: _scrub(item, depth - 1, budget) for key, item in items}
    if isinstance(value, list):
        return [_scrub(item, depth - 1, budget) for item in value[: min(MAX_LIST, max(budget[0], 0))]]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)[:MAX_STRING]
    if isinstance(value, float) and math.isfinite(value):
        return value
    return None


def _text(value: str) -> str:
    return value[:MAX_STRING].translate(_UNFIT)
