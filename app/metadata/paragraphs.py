"""Prose of a page: visible paragraphs of its own content."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from app.metadata.html import flags
from app.metadata.html.table import NONE, TokenTable

MAX_PARAGRAPH = 3_000
"""Characters of one paragraph."""

MAX_FORMULAS = 50
"""Formulas of one paragraph."""

# HTML standard, 4.8.8 and others: content for browsers that do not know the element.
_FALLBACK = frozenset(("audio", "canvas", "iframe", "object", "video"))
_FOR_SCREEN_READERS = re.compile(r"(?:^|\s)(?:sr-only|visually-?hidden|screen-reader(?:-text|-only)?)(?=\s|$)", re.I)
_MATH = "math"


def is_prose(table: TokenTable, row: int, unseen: int) -> bool:
    """Whether readers see an element as a part of the page itself."""
    if table.flags(row) & (unseen | flags.ARIA_HIDDEN | flags.NOT_OWN):
        return False
    return not any(_hides(table, each) for each in _around(table, row))


def _around(table: TokenTable, row: int) -> Iterator[int]:
    yield row
    yield from table.ancestors(row)


def _hides(table: TokenTable, row: int) -> bool:
    name = table.name(row)
    if name in _FALLBACK or (name == "details" and table.attribute(row, "open") is None):
        return True
    return bool(_FOR_SCREEN_READERS.search(table.attribute(row, "class") or ""))


def read_prose(table: TokenTable, row: int, unseen: int) -> str:
    """Visible text of an element, formulas included."""
    end = table.end_of(row)
    unseen |= flags.ARIA_HIDDEN
    maths = table.all(_MATH)
    formulas = maths[bisect_left(maths, row) : bisect_left(maths, end)][:MAX_FORMULAS]
    if not formulas:
        return table.text(row, MAX_PARAGRAPH, unseen)
    pieces, at = [], row + 1
    for formula in formulas:
        pieces.append(table.text_between(at, formula, MAX_PARAGRAPH, unseen))
        pieces.append(_read_formula(table, formula))
        at = table.end_of(formula)
    return " ".join((*pieces, table.text_between(at, end, MAX_PARAGRAPH, unseen)))


def _read_formula(table: TokenTable, row: int) -> str:
    """Text of a formula, without its annotations (MathML Core, 3.8)."""
    texts = table.texts(row + 1, table.end_of(row), flags.HIDDEN)
    return " ".join(table.run(text).strip() for text in texts if table.inside(text, "annotation") == NONE)


def read_blocks(table: TokenTable, start: int, end: int, unseen: int) -> Iterator[str]:
    """Visible texts of the page's own between rows, one for each run without a block boundary."""
    block: list[str] = []
    for row in table.texts(start, end, unseen | flags.ARIA_HIDDEN | flags.NOT_OWN):
        if table.after_block(row) and block:
            yield "".join(block)
            block = []
        block.append(table.run(row))
    yield "".join(block)
