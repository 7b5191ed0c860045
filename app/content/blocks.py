"""Blocks of a page: runs of text between two boundaries of lines, with sums over what elements hold.

Rule: a block is addressed by its index; sums of an element are differences of two running sums over the blocks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

from app.metadata.html import flags
from app.metadata.html.elements import FIRST_UNKNOWN, TRAITS, Trait
from app.metadata.html.table import NONE, TokenTable

MAX_BLOCKS = 10_000
"""Blocks of one page; the rest of a longer page is not looked at."""

MAX_BLOCK_TEXT = 20_000
"""Bytes of markup that are read of a block."""

MOSTLY_HIDDEN = 20
"""Times as much text as is seen that has to be hidden before hidden text counts."""

LEVELS = 4
"""Elements around a block, each with more blocks than the one before, that sums are taken of."""

_OFF_SCREEN = re.compile(
    r"(?<![a-z-])(?:(?:left|right|top|text-indent)\s{0,4}+:\s{0,4}+-\d{3}|font-size\s{0,4}+:\s{0,4}+0(?![.\d]))",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_LINKS = ("a", "button", "label", "option")


class Blocks:
    """Blocks of one page. The lists have an entry for each block.

    `starts`, `ends`: rows of the table; `parents`: the nearest element that stands on lines of its own;
    `texts`; `words`; `characters`; `linked`: characters within links and buttons.
    """

    def __init__(self, table: TokenTable, unseen: int) -> None:
        self.table = table
        self.is_cut = False  # whether the page has more blocks
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.parents: list[int] = []
        self.inner: list[int] = []  # the element right around the first text
        self.texts: list[str] = []
        self.words: list[int] = []
        self.characters: list[int] = []
        self.linked: list[int] = []
        self._split(unseen)
        self.character_sums = [0, *accumulate(self.characters)]
        self._outer = {NONE: NONE}
        self._ranges = {NONE: (0, len(self.starts))}
        self.word_sums = [0, *accumulate(self.words)]
        self.linked_sums = [0, *accumulate(self.linked)]

    def __len__(self) -> int:
        return len(self.starts)

    def range_of(self, element: int) -> tuple[int, int]:
        """Blocks of an element, as the first and the one after the last; all for `NONE`."""
        if element not in self._ranges:
            first = bisect_left(self.starts, element)
            self._ranges[element] = first, bisect_left(self.starts, self.table.end_of(element), first)
        return self._ranges[element]

    def boxes(self, element: int, count: int = LEVELS) -> list[tuple[int, int]]:
        """List the ranges of an element and of its ancestors, each longer than the one before, up to the page."""
        found = [self.range_of(element)]
        while len(found) < count:
            element = self._wider(element)
            found.append(self.range_of(element))
        return found

    def _wider(self, element: int) -> int:
        """Find the nearest ancestor with more blocks."""
        if element not in self._outer:
            held, outer = self.range_of(element), element
            while outer != NONE and self.range_of(outer) == held:
                outer = self.table.parent(outer)
            self._outer[element] = outer
        return self._outer[element]

    def _split(self, unseen: int) -> None:
        """Gather the rows of text between two boundaries."""
        table, rows = self.table, self.table.texts(max(0, self.table.body), len(self.table), unseen)
        run: list[int] = []
        outside = off_screen(table)
        links = self._link_ends()
        for row in rows:
            if outside and outside.end_at(row) > row:
                continue
            if run and table.after_block(row):
                self._add(run, links)
                run = []
                if len(self.starts) >= MAX_BLOCKS:
                    self.is_cut = True
                    return
            run.append(row)
        if run:
            self._add(run, links)

    def _link_ends(self) -> tuple[list[int], list[int]]:
        found = [row for row in self.table.all(*_LINKS) if self.table.end_of(row) > row + 1]
        return found, [self.table.end_of(row) for row in found]

    def _add(self, run: list[int], links: tuple[list[int], list[int]]) -> None:
        table, text, linked = self.table, "", 0
        for row in run:
            piece = table.run(row, MAX_BLOCK_TEXT)
            if is_linked(links, row):
                linked += len(piece)
            text += piece
        text = " ".join(text.split())
        words = len(_WORD.findall(text))
        if not words:
            return
        self.starts.append(run[0])
        self.ends.append(run[-1] + 1)
        self.texts.append(text)
        self.words.append(words)
        self.characters.append(len(text))
        self.linked.append(min(linked, len(text)))
        self.inner.append(table.parent(run[0]))
        self.parents.append(self._block_around(run[0]))

    def _block_around(self, row: int) -> int:
        table = self.table
        while (row := table.parent(row)) != NONE:
            element = table.element(row)
            if element < FIRST_UNKNOWN and TRAITS[element] & Trait.BLOCK:
                return row
        return NONE


class Ranges:
    """Rows of some elements, none of them within another."""

    def __init__(self, starts: list[int], ends: list[int]) -> None:
        self._starts = starts
        self._ends = ends

    def __bool__(self) -> bool:
        return bool(self._starts)

    def end_at(self, row: int) -> int:
        """End of the element around a row, 0 without one."""
        at = bisect_left(self._starts, row) - 1
        return self._ends[at] if at >= 0 and row < self._ends[at] else 0


def off_screen(table: TokenTable) -> Ranges:
    """Find the elements with a style that moves text out of sight."""
    starts: list[int] = []
    ends: list[int] = []
    for row in table.having("style"):
        if (not ends or row >= ends[-1]) and _OFF_SCREEN.search((table.attribute(row, "style") or "")[:2_000]):
            starts.append(row)
            ends.append(table.end_of(row))
    return Ranges(starts, ends)


def is_linked(links: tuple[list[int], list[int]], row: int) -> bool:
    """Whether a row is within an element of these ranges."""
    starts, ends = links
    at = bisect_left(starts, row) - 1
    return at >= 0 and row < ends[at]


def choose_unseen(table: TokenTable) -> int:
    """Flags of what is left out of a page's text.

    `<noscript>` counts where it holds more than all that is seen: some forums put the whole discussion into it. Where
    next to nothing is seen, a script was to show the page, and hidden text counts, too. `aria-hidden` hides nothing
    from the eye.
    """
    seen = _size(table, flags.UNSEEN)
    if _size(table, flags.UNSEEN & ~flags.NOSCRIPT) > 2 * seen:
        return flags.UNSEEN & ~flags.NOSCRIPT
    if _size(table, flags.UNSEEN & ~flags.HIDDEN) > MOSTLY_HIDDEN * seen:
        return flags.UNSEEN & ~flags.HIDDEN
    return flags.UNSEEN


def _size(table: TokenTable, unseen: int) -> int:
    rows = table.texts(max(0, table.body), len(table), unseen)
    return sum(table.end(row) - table.start(row) for row in rows)
