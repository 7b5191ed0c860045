"""A card as JSON, within `MAX_RESULT`: lists first lose their tails, then texts their ends."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import orjson

from app.metadata.model import Metadata
from app.metadata.values import MAX_RESULT

T = TypeVar("T")

_STEPS = ((25, 10_000), (10, 5_000), (5, 1_000), (2, 300))
"""(items of a list, characters of a text) that are tried in turn; the last always fits."""


def encode(metadata: Metadata) -> bytes:
    """The JSON of `metadata`, with as much of its lists and texts as fits into `MAX_RESULT` bytes."""
    encoded = orjson.dumps(metadata)
    for items, characters in _STEPS:
        if len(encoded) <= MAX_RESULT:
            break
        encoded = orjson.dumps(_shrink(metadata, items, characters))
    return encoded


def _shrink(value: T, items: int, characters: int) -> T:
    changes = {field.name: _cut(getattr(value, field.name), items, characters) for field in fields(value)}  # type: ignore[arg-type]
    return replace(value, **changes)  # type: ignore[type-var]


def _cut(value: Any, items: int, characters: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_cut(item, items, characters) for item in value[:items])
    if isinstance(value, str) and not value.startswith(("http:", "https:", "data:")):
        return value[:characters]
    return _shrink(value, items, characters) if is_dataclass(value) and not isinstance(value, type) else value
