"""Body of a page: walks over its rows, and its parts about something else."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain, islice

from app.metadata.headings import LOWER_HEADINGS, Headings
from app.metadata.html import flags
from app.metadata.html.patterns import Patterns
from app.metadata.html.references import decode
from app.metadata.html.table import START, TokenTable
from app.metadata.lazy import lazy
from app.metadata.values import clean

MIN_CONTENT = 200
"""Rows of a `<noscript>` that holds the content of a page."""

MAX_FINDS = 300
"""Places in the markup looked at for some strings."""

BY_WORD = flags.COMMENT | flags.REVIEW | flags.RELATED
"""Flags set by words in classes; `is_foreign` checks them."""

# BEM, getbem.com/naming: `block__element--modifier`, with one `_` in older spellings.
_BLOCK = re.compile(r"(?:^|\s)([A-Za-z][A-Za-z0-9-]*?)(?=__?[A-Za-z])")


def unseen_flags(table: TokenTable) -> int:
    """Flags of the parts that readers do not see; some pages hold all of their content in `<noscript>`."""
    size = max((table.end_of(row) - row for row in table.all("noscript")), default=0)
    is_content = size > max(MIN_CONTENT, (len(table) - table.body) // 2)
    return flags.UNSEEN & ~flags.NOSCRIPT if is_content else flags.UNSEEN


class Body:
    """Rows of the body of one page; `unseen` are the flags of the parts that readers do not see."""

    def __init__(self, table: TokenTable, unseen: int, headings: Headings) -> None:
        self.unseen = unseen
        self._table = table
        self._headings = headings
        self._is_foreign_part: dict[int, bool] = {}

    def row_after(self, row: int, size: int) -> int:
        """Row `size` bytes of markup after `row`; a negative `size` goes back."""
        table = self._table
        return max(table.body, table.at(table.start(row) + size) + 1) if row < len(table) else row

    def rows_with(self, patterns: Patterns, start: int, end: int) -> Iterator[int]:
        """Start tags among the rows from `start` to `end` with one of `patterns` in their attributes.

        The first `MAX_FINDS` places are looked at; the patterns stand in the markup as it is written.
        """
        table, last = self._table, -1
        end = min(end, len(table))
        if start >= end:
            return
        for _, place, _ in islice(patterns.find(table.markup, table.start(start), table.end(end - 1)), MAX_FINDS):
            row = table.at(place)
            is_tag = row > last and table.kind(row) == START and place < table.end(row)
            if is_tag and not table.flags(row) & flags.INERT:
                last = row
                yield row

    def runs(self, start: int, end: int, without: int = flags.UNSEEN) -> Iterator[str]:
        """Non-empty texts of the rows from `start` to `end`, each cleaned; as `raw_runs` otherwise."""
        return filter(None, map(clean, self.raw_runs(start, end, without)))

    def raw_runs(self, start: int, end: int, without: int = flags.UNSEEN) -> Iterator[str]:
        """Texts of the rows from `start` to `end`, stripped.

        Parts with a flag of `without` are left out, those of `BY_WORD` if `is_foreign` agrees.
        """
        table, doubtful = self._table, without & BY_WORD
        left_out = without & (self.unseen | ~flags.NOSCRIPT) & ~BY_WORD
        for row in table.texts(start, min(end, len(table)), left_out):
            if not (doubtful and table.flags(row) & doubtful and self.is_foreign(row)):
                yield table.run(row).strip()

    def markup_between(self, start: int, end: int) -> str:
        """Markup from row `start` to row `end`, for a quick look before a walk."""
        table = self._table
        return decode(table.markup[table.start(start) : table.start(end)]) if start < end else ""

    def is_foreign(self, row: int) -> bool:
        """Whether a row belongs to a comment, a review or a teaser of another page."""
        table = self._table
        if not table.flags(row) & BY_WORD:
            return False
        *_, part = (each for each in chain((row,), table.ancestors(row)) if table.flags(each) & BY_WORD)
        if part not in self._is_foreign_part:
            self._is_foreign_part[part] = self._judge(part)
        return self._is_foreign_part[part]

    def _judge(self, part: int) -> bool:
        """Designers call parts of an article a teaser or a comment as well: the headline and headings tell."""
        table, headline = self._table, self._headings.headline
        if headline is not None and part <= headline < table.end_of(part):
            return False
        if not table.flags(part) & BY_WORD & ~flags.RELATED:
            after = bisect_left(self._subheadings, part)
            return after < len(self._subheadings) and self._subheadings[after] < table.end_of(part)
        blocks = _BLOCK.findall(table.attribute(part, "class") or "")
        return not any(block in self._classes_of_headline for block in blocks)

    @lazy
    def _subheadings(self) -> list[int]:
        return self._table.all(*LOWER_HEADINGS)

    @lazy
    def _classes_of_headline(self) -> set[str]:
        headline = self._headings.headline
        around = () if headline is None else self._table.ancestors(headline)
        return {name for row in around for name in (self._table.attribute(row, "class") or "").split()}
