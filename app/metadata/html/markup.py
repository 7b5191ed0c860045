"""Look into a piece of markup: for tags that hold something, for the end of an element, for what readers see.

Rule 1: markup is UTF-8 in bytes, whatever it was written in; what is taken from it is text.
Rule 2: each search has a limit, and no tree is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from app.metadata.html.patterns import Patterns
from app.metadata.html.scan import raw_pieces, read_attributes
from app.metadata.html.tags import AFTER_NAME, Tag, decode
from app.metadata.html.text_runs import in_any_case
from app.metadata.values import clean_text

ELEMENT_LIMIT = 5_000
"""Bytes of markup searched for the end of an element."""

MAX_FINDS = 300
"""Places looked at for some strings."""

MAX_BEFORE = 1_000
"""Bytes between the start of a tag and what is looked for in it."""

ATTRIBUTES = rb"""(?:[^<>"'=]++|=\s{0,9}(?:"[^"]{0,1000}"|'[^']{0,1000}')?|["']){0,100}+"""
"""Pattern of the attributes of a short tag: a ">" in a quoted value does not end it."""

_START_TAG = re.compile(rb"<([a-zA-Z][a-zA-Z0-9-]{0,30})(?=[\s/])")


def find_tags(markup: bytes, needles: Patterns, start: int = 0, end: int | None = None) -> Iterator[Tag]:
    """The start tags in `markup[start:end]` whose attributes hold one of `needles`, in order.

    The first `MAX_FINDS` places where one stands are looked at.
    """
    free = start
    for _, place, _ in islice(needles.find(markup, start, end), MAX_FINDS):
        opened = markup.rfind(b"<", max(0, place - MAX_BEFORE), place) if place >= free else -1
        found = _START_TAG.match(markup, opened) if opened >= 0 else None
        attributes, end = read_attributes(markup, found.end()) if found and found.end() <= place else ({}, 0)
        if found and end > place:
            free = end
            yield Tag(decode(found[1]).lower(), attributes, opened, free)


def find_elements(markup: bytes, openings: Patterns, start: int = 0) -> Iterator[dict[str, str]]:
    """The attributes of the start tags that begin with one of `openings`, as in `<a`, from `start` on, in order."""
    for _, place, after in openings.find(markup, start):
        if place >= start and markup[after : after + 1] in AFTER_NAME:
            attributes, start = read_attributes(markup, after)
            yield attributes


def element_text(markup: bytes, name: str, position: int, limit: int = ELEMENT_LIMIT) -> str | None:
    """What a reader sees of the element `name` whose content begins at `position`, in one line."""
    return visible_text(markup, position, element_end(markup, name, position, limit))


def element_end(markup: bytes, name: str, position: int, limit: int = ELEMENT_LIMIT) -> int:
    """Where the content of the element `name` ends that begins at `position`."""
    depth = 1
    end = min(len(markup), position + limit)
    for found in _start_or_end(name).finditer(markup, position, end):
        depth += -1 if found[1] else 1
        if depth == 0:
            return found.start()
    return end


@lru_cache(maxsize=128)
def _start_or_end(name: str) -> re.Pattern[bytes]:
    return re.compile(rf"<(/?){in_any_case(name)}(?=[\s/>])".encode())


def visible_text(markup: bytes, start: int = 0, end: int | None = None) -> str | None:
    """What a reader sees of `markup[start:end]`, in one line of at most `MAX_STRING` characters."""
    return clean_text(" ".join(raw_pieces(markup, start, end)))


def text_pieces(markup: bytes, start: int = 0, end: int | None = None) -> list[str]:
    """The texts between the tags of `markup[start:end]`, each in one line."""
    return [text for piece in raw_pieces(markup, start, end) if (text := clean_text(piece))]
