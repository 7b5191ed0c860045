"""Tables: which hold data and which arrange a page, and rows of GitHub's Markdown (GFM 4.10)."""

from __future__ import annotations

from app.metadata.html.elements import IDS
from app.metadata.html.table import START, TokenTable

MAX_COLUMNS = 100
"""Cells of a row; a wider table arranges a page."""

_ARRANGES = frozenset(IDS[name] for name in ("table", "pre", "h1", "h2", "h3", "h4", "h5", "h6"))
_CELLS = frozenset((IDS["td"], IDS["th"]))
_ROW = IDS["tr"]
_MAX_SPAN = 20


def holds_data(table: TokenTable, row: int) -> bool:
    """Tell whether a table has columns of data; stops at the first table, heading or listing in it."""
    if (table.attribute(row, "role") or "").strip().lower() in ("presentation", "none"):
        return False
    cells, widest = 0, 0
    for each in range(row + 1, table.end_of(row)):
        if table.kind(each) != START:
            continue
        element = table.element(each)
        if element in _ARRANGES:
            return False
        if element == _ROW:
            cells = 0
        elif element in _CELLS:
            cells += 1
            widest = max(widest, cells)
    return 1 < widest <= MAX_COLUMNS


def span(table: TokenTable, row: int) -> int:
    """Columns that a cell covers."""
    value = (table.attribute(row, "colspan") or "").strip()
    return max(1, min(int(value[:3]), _MAX_SPAN)) if value[:3].isdecimal() and value[:3].isascii() else 1


def rows_of(cells: list[list[str]]) -> list[str]:
    """Rows of Markdown, the first one its head; rows without text are left out."""
    kept = [row for row in cells if any(row)]
    if not kept:
        return []
    width = max(map(len, kept))
    lines = [_row(row, width) for row in kept]
    return [lines[0], _row(["---"] * width, width), *lines[1:]]


def _row(cells: list[str], width: int) -> str:
    return "| " + " | ".join(cells) + " | " * (width - len(cells)) + " |"
