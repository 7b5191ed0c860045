"""The walk over the tokens of a page: visits each row once and leaves an element once it has passed its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from app.markdown.code import is_gutter
from app.markdown.output import Output
from app.metadata.html import flags
from app.metadata.html.elements import FOREIGN_NAME, IDS
from app.metadata.html.table import RAW, START, TokenTable


class Wanted(Protocol):
    """Rows that are written."""

    def says(self, text: str) -> bool:
        """Whether a text stands among these rows as a block of its own, so that no picture needs to repeat it."""

    def __call__(self, row: int) -> bool:
        """Whether a row is written."""

    def any(self, start: int, end: int) -> bool:
        """Whether one of the rows from `start` to `end` is written."""


class Everything:
    """All rows are written."""

    def says(self, text: str) -> bool:
        """Return False: names of pictures are written."""
        return False

    def __call__(self, row: int) -> bool:
        """Return True."""
        return True

    def any(self, start: int, end: int) -> bool:
        """Return True."""
        return True


def numbers(names: str) -> frozenset[int]:
    """Numbers of elements, by their names in one string."""
    return frozenset(IDS[name] for name in names.split())


SVG, MATH = (IDS[name] + FOREIGN_NAME for name in ("svg", "math"))

_SKIPPED = numbers(
    "script style template textarea select datalist iframe object applet canvas audio video map noembed noframes "
    "button rp head title"
) | {SVG}
"""Elements without a place in a text: code, what loads something else, the parts of forms, what replaces ruby."""

MAX_ELEMENTS = 60_000
"""Elements with a mark of their own that are written. All rows of each of 2,609 real pages are under 40,000."""

_GUTTERS = numbers("td th div pre span ol ul")


class Walk:
    """Walk over rows; `enter` writes the known elements.

    `base_url`: the URL that addresses are resolved against; `unseen`: flags of rows that are left out;
    `enter`: by the number of an element a function that gets the walk and the row, and gives the row to go on with.
    """

    def __init__(
        self, table: TokenTable, base_url: str, unseen: int, wanted: Wanted, enter: Mapping[int, Enter]
    ) -> None:
        self.table = table
        self.base_url = base_url
        self.unseen = unseen
        self.wanted = wanted
        self.output = Output()
        self.picture_name = ""
        self._enter = enter
        self._entered = 0
        self._leaving: list[tuple[int, Callable[[], None]]] = []

    def write(self, start: int, end: int) -> list[str]:
        """Lines of the rows from `start` to `end`, up to the element number `MAX_ELEMENTS`."""
        at, leaving = start, self._leaving
        while at < end and self._entered < MAX_ELEMENTS:
            if leaving and leaving[-1][0] <= at:
                self._leave(at)
            at = self._visit(at)
        self._leave(end)
        return self.output.lines()

    def at_end(self, row: int, action: Callable[[], None]) -> None:
        """Have an action done after the last row of an element, before those of the elements around it."""
        end = self.table.end_of(row)
        if self._leaving:
            end = min(end, self._leaving[-1][0])
        self._leaving.append((end, action))

    def enter_block(self, row: int) -> int:
        """Enter a block: end the paragraph before and after the element."""
        self.output.end_block()
        self.at_end(row, self.output.end_block)
        return row + 1

    def has(self, row: int) -> bool:
        """Whether an element has a row that is written."""
        return self.wanted.any(row, self.table.end_of(row))

    def _visit(self, row: int) -> int:
        """Write a row; the row to go on with."""
        kind = self.table.kind(row)
        if kind == START:
            return self._enter_element(row)
        if kind != RAW and not self.table.flags(row) & self.unseen and self.wanted(row):
            self.output.add_text(self.table, row)
        return row + 1

    def _leave(self, row: int) -> None:
        while self._leaving and self._leaving[-1][0] <= row:
            self._leaving.pop()[1]()

    def _enter_element(self, row: int) -> int:
        element = self.table.element(row)
        if self._is_left_out(row, element):
            return self.table.end_of(row)
        if enter := self._enter.get(element):
            self._entered += 1
            return enter(self, row)
        return self.enter_block(row) if self.table.is_block(row) else row + 1

    def _is_left_out(self, row: int, element: int) -> bool:
        """Whether nobody is to read an element: unwanted, hidden, for machines, or the numbers of a listing's lines."""
        if element in _SKIPPED or not self.has(row):
            return True
        unseen = self.unseen & ~flags.FOREIGN if element == MATH else self.unseen
        return bool(self.table.flags(row) & unseen) or (element in _GUTTERS and is_gutter(self.table, row))


Enter = Callable[[Walk, int], int]
"""Writes an element; the row to go on with."""
