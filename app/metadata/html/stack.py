"""Stack of open elements (HTML standard, 13.2.4.2), with constant-time lookups."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from app.metadata.html.columns import NONE, Columns
from app.metadata.html.elements import FOREIGN_NAME, MAX_DEPTH, Trait

BOTTOM = -1
"""Place below the first open element."""


class Namespace(IntEnum):
    """Vocabulary of an element."""

    HTML = 0
    SVG = 1
    MATH = 2


class Integration(IntEnum):
    """How an element of SVG or MathML takes HTML (13.2.6)."""

    NO = 0
    TEXT = 1
    HTML = 2
    SVG = 3


class Open(NamedTuple):
    """An open element: its row, and the places of the nearest elements with some property, itself included.

    `before` is the place of the previous one of its name, `takes_html` that of an element in HTML or at an
    integration point.
    """

    row: int
    element: int
    traits: int
    namespace: int
    integration: int
    before: int
    scope: int
    button: int
    list: int
    table: int
    barrier: int
    special: int
    html: int
    takes_html: int


_EMPTY = Open(NONE, 0, 0, 0, 0, *[BOTTOM] * 9)


class Stack:
    """Open elements by place; `top` is the current node, `last` the place of the last one of each name."""

    def __init__(self, columns: Columns) -> None:
        self.top = _EMPTY
        self.last = [BOTTOM] * (2 * FOREIGN_NAME)
        self.breaks = True  # whether a block boundary lies behind the last text
        self._entries: list[Open] = []
        self._columns = columns

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Open]:
        return iter(self._entries)

    def push(self, row: int, element: int, traits: int, namespace: int = 0, integration: int = 0) -> None:
        """Open an element, if the stack is not too deep."""
        place, top = len(self._entries), self.top
        if place >= MAX_DEPTH:
            return
        self.top = Open(
            row,
            element,
            traits,
            namespace,
            integration,
            self.last[element],
            place if traits & Trait.SCOPE else top.scope,
            place if traits & Trait.BUTTON_SCOPE else top.button,
            place if traits & Trait.LIST_SCOPE else top.list,
            place if traits & Trait.TABLE_SCOPE else top.table,
            place if traits & Trait.BARRIER else top.barrier,
            place if traits & Trait.SPECIAL else top.special,
            top.html if namespace else place,
            top.takes_html if namespace and integration in (Integration.NO, Integration.SVG) else place,
        )
        self._entries.append(self.top)
        self.last[element] = place

    def pop_to(self, place: int) -> None:
        """Close the elements from `place` on."""
        rows = self._columns.count
        while len(self._entries) > place:
            closed = self._entries.pop()
            if closed.element:
                self._close(closed, rows)
        self.top = self._entries[-1] if self._entries else _EMPTY

    def remove(self, place: int) -> None:
        """Close an element alone: those above it stay open (13.2.6.4.7, adoption agency)."""
        closed = self._entries[place]
        self._close(closed, self._columns.count)
        self._entries[place] = closed._replace(element=0)
        self.top = self._entries[-1]

    def pop_implied(self, kept: int = 0) -> None:
        """Generate implied end tags (13.2.6.3), but for the element `kept`."""
        place = len(self._entries)
        while (
            place and self._entries[place - 1].traits & Trait.IMPLIED_END and self._entries[place - 1].element != kept
        ):
            place -= 1
        self.pop_to(place)

    def element_at(self, place: int) -> int:
        """Number of the element at a place, 0 below the first."""
        return self._entries[place].element if place >= 0 else 0

    def _close(self, closed: Open, rows: int) -> None:
        self._columns.close(closed.row, rows)
        self.last[closed.element] = closed.before
        if closed.traits & Trait.BLOCK:
            self.breaks = True
