"""Container blocks: the document, quotations, lists and their items (CommonMark 5).

Rule 1: a container holds finished blocks and closed containers; each line is written once, behind all its marks.
Rule 2: at most `MAX_INDENT` containers indent a line; deeper ones add nothing, so that depth costs no width.
"""

from __future__ import annotations

MAX_INDENT = 12
"""Items and quotations inside one another that still indent."""

MAX_QUOTED = 6
"""Quotations inside one another that still mark each line."""

RULE = "---"
RULE_IN_ITEM = "___"
"""A rule (4.1); behind the mark of an item one of dashes or stars would be a rule in place of the item."""


class Container:
    """Blocks one after another: a document. `kinds` has a name for each block."""

    def __init__(self) -> None:
        self.blocks: list[list[str] | Container] = []
        self.kinds: list[str] = []

    def add(self, lines: list[str], kind: str = "text") -> None:
        """Add a finished block."""
        if lines:
            self.blocks.append(lines)
            self.kinds.append(kind)

    def add_container(self, inner: Container, kind: str) -> None:
        """Add a closed container."""
        self.blocks.append(inner)
        self.kinds.append(kind)

    def write(self, lines: list[str], first: str = "", others: str = "") -> None:
        """Append all lines: the first one behind `first`, the others behind `others`."""
        for index, block in enumerate(self.blocks):
            if index:
                first = others
                if self.is_apart(index):
                    lines.append(others.rstrip())
            if isinstance(block, Container):
                block.write(lines, first, others)
            else:
                lines.append(first + block[0])
                lines += [others + line if line else others.rstrip() for line in block[1:]]

    def is_apart(self, index: int) -> bool:
        """Whether a blank line stands before a block."""
        return True


class Quotation(Container):
    """A quotation (5.1)."""

    def write(self, lines: list[str], first: str = "", others: str = "") -> None:
        """Append all lines, each behind `>`."""
        super().write(lines, first + "> ", others + "> ")


class Item(Container):
    """An item of a list (5.2).

    `task`: "[x] " or "[ ] " of GitHub's task lists, "" else. `has_paragraphs`: whether the page sets its text apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.task = ""
        self.has_paragraphs = False
        self._is_tight = False

    def write(self, lines: list[str], first: str = "", others: str = "") -> None:
        """Append all lines, the box of a task in the first."""
        if self.blocks[0] == [RULE]:
            self.blocks[0] = [RULE_IN_ITEM]
        self._is_tight = self.is_tight
        super().write(lines, first + self.task, others)

    def is_apart(self, index: int) -> bool:
        """Whether a blank line stands before a block."""
        return not self._is_tight

    @property
    def is_tight(self) -> bool:
        """Whether the item needs no blank line: its blocks may follow one another on the next line (5.3)."""
        return not self.has_paragraphs and all(map(self._may_follow, range(1, len(self.blocks))))

    def _may_follow(self, index: int) -> bool:
        """Whether a block may interrupt the paragraph before; of numbered lists those may that begin with 1 (5.2)."""
        block, kind = self.blocks[index], self.kinds[index]
        if isinstance(block, List):
            return block.start in (None, 1)
        return kind in ("code", "quotation") and self.kinds[index - 1] == "text" and index == len(self.blocks) - 1


class List(Container):
    """A list (5.3). `start` is the first number, None for bullets."""

    def __init__(self, start: int | None) -> None:
        super().__init__()
        self.start = start
        self.items: list[Item] = []
        self.mark = "-" if start is None else "."

    def add(self, lines: list[str], kind: str = "text") -> None:
        """Add a block that stands right in the list as an item."""
        if lines:
            self._new_item().add(lines, kind)

    def add_container(self, inner: Container, kind: str) -> None:
        """Add an item, or a container that stands right in the list as an item."""
        if isinstance(inner, Item):
            self.items.append(inner)
        else:
            self._new_item().add_container(inner, kind)

    def _new_item(self) -> Item:
        self.items.append(Item())
        return self.items[-1]

    def write(self, lines: list[str], first: str = "", others: str = "") -> None:
        """Append all items, each behind its mark."""
        is_tight = all(item.is_tight for item in self.items)
        for number, item in enumerate(self.items):
            if number and not is_tight:
                lines.append(others.rstrip())
            mark = self._mark(number)
            item.write(lines, (others if number else first) + mark, others + " " * len(mark))

    def _mark(self, number: int) -> str:
        if self.start is None:
            return f"{self.mark} "
        return f"{min(self.start + number, 999_999_999)}{self.mark} "

    def set_apart(self, before: Container) -> None:
        """Take another mark than a list right before (5.3)."""
        if isinstance(before, List) and before.mark == self.mark:
            self.mark = "*" if self.mark == "-" else ")"


def close(inner: Container, outer: Container) -> None:
    """Close a container into its parent; an empty one leaves nothing."""
    if isinstance(inner, List):
        if inner.items:
            if outer.blocks and isinstance(outer.blocks[-1], List):
                inner.set_apart(outer.blocks[-1])
            outer.add_container(inner, "list")
    elif inner.blocks:
        outer.add_container(inner, "quotation" if isinstance(inner, Quotation) else "item")
