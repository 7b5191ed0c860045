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


_WIDTH = 7
"""Numbers of a row."""

_KIND, _ELEMENT, _START, _END, _PARENT, _END_OF, _FLAGS = range(_WIDTH)


class Columns:
    """A column per property of a row, split from one array when all rows are read."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers = array("i")

    def add(self, kind: int, element: int, start: int, end: int, parent: int, own: int) -> int:
        """Append a row; its index."""
        row = self.count
        self.count = row + 1
        self._numbers.extend((kind, element, start, end, parent, row + 1, own))
        return row

    def close(self, row: int, end: int) -> None:
        """End an element before the row `end`."""
        self._numbers[_WIDTH * row + _END_OF] = end

    def unmark(self, row: int, taken: int) -> None:
        """Take flags from a row."""
        self._numbers[_WIDTH * row + _FLAGS] &= ~taken

    def truncate(self, size: int) -> None:
        """Forget the rows from `size` on."""
        del self._numbers[_WIDTH * size :]
        self.count = size

    def finish(self) -> None:
        """Split the rows into columns, and give each the flags of its parent, which stands before it."""
        columns = [self._numbers[column::_WIDTH] for column in range(_WIDTH)]
        self.kinds, self.elements, self.starts, self.ends, self.parents, self.end_of, self.flags = columns
        marked, inherited = self.flags, ~flags.AFTER_BLOCK
        for row, parent in enumerate(self.parents):
            if parent >= 0:
                marked[row] |= marked[parent] & inherited
