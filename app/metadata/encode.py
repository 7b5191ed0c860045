"""A card as JSON, within `MAX_RESULT`: lists first lose their tails, then texts their ends."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from app.metadata.model import Embed, Metadata
from app.metadata.values import MAX_RESULT

T = TypeVar("T", bound=Struct)

_STEPS = ((25, 10_000), (10, 5_000), (5, 1_000), (2, 300))
"""Limits tried in turn: (items of a list, characters of a text); the last always fits."""

_encode = msgspec.json.Encoder().encode


def encode(metadata: Metadata) -> bytes:
    """Encode `metadata` as JSON, with lists and texts shortened to fit into `MAX_RESULT` bytes."""
    encoded = _encode(metadata)
    for items, characters in _STEPS:
        if len(encoded) <= MAX_RESULT:
            break
        encoded = _encode(_shrink(metadata, items, characters))
    return encoded


def _shrink(value: T, items: int, characters: int) -> T:
    return type(value)(*(_cut(getattr(value, name), items, characters) for name in value.__struct_fields__))


def _cut(value: Any, items: int, characters: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_cut(item, items, characters) for item in value[:items])
    if isinstance(value, str) and not value.startswith(("http:", "https:", "data:")):
        return value[:characters]
    # A player is whole or not there: markup that is cut in the middle of an attribute would swallow its page.
    is_shrunk = isinstance(value, Struct) and not isinstance(value, Embed)
    return _shrink(value, items, characters) if is_shrunk else value
