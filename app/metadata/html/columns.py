"""Rows of the token table as columns of numbers."""

from __future__ import annotations

from array import array

from app.metadata.html import flags

START, TEXT, BLANK, RAW, VERBATIM = 1, 2, 3, 4, 5
"""Kinds of rows: a start tag; text; white space alone; code; text without references."""

MAX_ROWS = 250_000
"""Rows of one page; no more is read. The most of 1,112 real pages are under 40,000."""

NONE = -1
"""No row."""


class Columns:
    """A column per property of a row."""

    def __init__(self) -> None:
        self.kinds = bytearray()
        self.elements, self.starts, self.ends, self.parents, self.end_of, self.flags = (array("i") for _ in range(6))

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, kind: int, element: int, start: int, end: int, parent: int, own: int) -> int:
        """Append a row; its index."""
        row = len(self.kinds)
        self.kinds.append(kind)
        self.elements.append(element)
        self.starts.append(start)
        self.ends.append(end)
        self.parents.append(parent)
        self.end_of.append(row + 1)
        self.flags.append(own)
        return row

    def truncate(self, size: int) -> None:
        """Forget the rows from `size` on."""
        for column in (self.kinds, self.elements, self.starts, self.ends, self.parents, self.end_of, self.flags):
            del column[size:]

    def inherit(self) -> None:
        """Give each row the flags of its parent, which stands before it."""
        columns, inherited = self.flags, ~flags.AFTER_BLOCK
        for row, parent in enumerate(self.parents):
            if parent >= 0:
                columns[row] |= columns[parent] & inherited
