"""The token table of a page: what its readers walk, search and decode instead of markup.

Rule 1: a row is a start tag or a run of text, in order of the document, and is addressed by its index.
Rule 2: end tags, comments and tags that are no elements leave no row; an element ends where `end_of` says.
Rule 3: attributes and texts are bytes until somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.metadata.html import flags
from app.metadata.html.columns import BLANK, NONE, RAW, START, TEXT, VERBATIM
from app.metadata.html.elements import FIRST_UNKNOWN, TRAITS, Trait

try:
    from app.metadata.html._rows import Rows

    COMPILED = True
except ImportError:  # no C compiler, at the cost of reading pages more slowly
    from app.metadata.html.rows import Rows

    COMPILED = False

__all__ = ["BLANK", "COMPILED", "NONE", "RAW", "START", "TEXT", "VERBATIM", "TokenTable", "read_table"]

MAX_TEXT = 10_000
"""Characters of a text, without another limit."""

MARKUP_PER_CHARACTER = 8
"""Bytes of markup read for each character of a limit, for white space and references."""


class TokenTable(Rows):
    """Rows of a page, with the queries of several readers."""

    def text(self, row: int, limit: int = MAX_TEXT, without: int = flags.UNSEEN) -> str:
        """Text of an element on one line, of at most `limit` characters.

        Parts with a flag of `without` are left out, unless the element has that flag itself.
        """
        return self.text_between(row + 1, self.end_of(row), limit, without & ~self.flags(row))

    def text_between(self, start: int, end: int, limit: int = MAX_TEXT, without: int = flags.UNSEEN) -> str:
        """Text of the rows from `start` to `end` on one line, of at most `limit` characters."""
        text = " ".join(self.runs(start, end, limit * MARKUP_PER_CHARACTER, without).split())
        return text if len(text) <= limit else text[:limit].rstrip()

    def raw_text(self, row: int) -> str:
        """Text right in an element as it is written: of a script, a style, a title."""
        rows = range(row + 1, self.end_of(row))
        return "".join(self.run(text) for text in rows if self.kind(text) != START and self.parent(text) == row)

    def ancestors(self, row: int) -> Iterator[int]:
        """Start tags of the elements around a row, the nearest first."""
        while (row := self.parent(row)) != NONE:
            yield row

    def inside(self, row: int, *names: str) -> int:
        """Nearest element with one of these names around a row, -1 without any."""
        return next((ancestor for ancestor in self.ancestors(row) if self.name(ancestor) in names), NONE)

    def depth(self, row: int) -> int:
        """Number of elements around a row."""
        return sum(1 for _ in self.ancestors(row))

    def merged(self, name: str) -> dict[str, str]:
        """Attributes of all `<html>` or all `<body>`, which are those of one element (13.2.6.4.7)."""
        merged: dict[str, str] = {}
        for row in self.all(name):
            merged = self.attributes(row) | merged
        return merged

    def is_block(self, row: int) -> bool:
        """Whether an element stands on lines of its own."""
        element = self.element(row)
        return element < FIRST_UNKNOWN and bool(TRAITS[element] & Trait.BLOCK)


def read_table(markup: bytes) -> TokenTable:
    """Read markup in UTF-8 as a browser does; linear in its length."""
    return TokenTable(markup)
