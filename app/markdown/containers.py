"""Container blocks: the document, quotations, lists and their items (CommonMark 5).

Rule 1: a container knows its finished blocks as lines; a block that ends is written once into the container around.
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
    """Blocks one after another: a document, a cell of a layout, any element without a mark of its own."""

    def __init__(self) -> None:
        self.blocks: list[list[str]] = []
        self.kinds: list[str] = []

    def add(self, lines: list[str], kind: str = "text") -> None:
        """Add a finished block."""
        if lines:
            self.blocks.append(lines)
            self.kinds.append(kind)

    def lines(self) -> list[str]:
        """All blocks, a blank line between two."""
        joined: list[str] = []
        for block in self.blocks:
            joined += ["", *block] if joined else block
        return joined


class Quotation(Container):
    """A quotation (5.1)."""

    def lines(self) -> list[str]:
        """All blocks behind `>`."""
        return [f"> {line}" if line else ">" for line in super().lines()]


class Item(Container):
    """An item of a list (5.2).

    `task`: "[x] " or "[ ] " of GitHub's task lists, "" else. `has_paragraphs`: whether the page sets its text apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.task = ""
        self.has_paragraphs = False

    @property
    def is_tight(self) -> bool:
        """Whether the item needs no blank line: its blocks may follow one another on the next line (5.3)."""
        return not self.has_paragraphs and all(map(self._may_follow, range(1, len(self.blocks))))

    def _may_follow(self, index: int) -> bool:
        """Whether a block may interrupt the paragraph before; of numbered lists those may that begin with 1 (5.2)."""
        kind, line = self.kinds[index], self.blocks[index][0]
        if kind == "list":
            return not line[0].isdigit() or line.startswith(("1.", "1)"))
        return kind in ("code", "quotation") and self.kinds[index - 1] == "text" and index == len(self.blocks) - 1

    def lines(self) -> list[str]:
        """All blocks, without blank lines where none is needed."""
        if not self.is_tight:
            return super().lines()
        return [line for block in self.blocks for line in block]


class List(Container):
    """A list (5.3). `start` is the first number, None for bullets."""

    def __init__(self, start: int | None) -> None:
        super().__init__()
        self.start = start
        self.items: list[Item] = []
        self.mark = ""

    def add(self, lines: list[str], kind: str = "text") -> None:
        """Add a block that stands right in the list as an item."""
        if lines:
            self.items.append(Item())
            self.items[-1].add(lines, kind)

    def lines(self) -> list[str]:
        """All items, each behind its mark."""
        items = [item for item in self.items if item.blocks]
        tight = all(item.is_tight for item in items)
        lines: list[str] = []
        for number, item in enumerate(items):
            lines += [""] if lines and not tight else []
            lines += _marked(self._mark(number), item)
        return lines

    def _mark(self, number: int) -> str:
        if self.start is None:
            return f"{self.mark or '-'} "
        return f"{min(self.start + number, 999_999_999)}{self.mark or '.'} "


def _marked(mark: str, item: Item) -> list[str]:
    lines, indent = item.lines(), " " * len(mark)
    lines[0] = item.task + (RULE_IN_ITEM if lines[0] == RULE else lines[0])
    return [mark + lines[0], *(indent + line if line else "" for line in lines[1:])]


def close(inner: Container, outer: Container) -> None:
    """Close a container into its parent."""
    if isinstance(inner, List):
        inner.mark = _other_mark(inner, outer)
        outer.add(inner.lines(), "list")
    elif isinstance(inner, Item) and isinstance(outer, List):
        outer.items.append(inner)
    elif isinstance(inner, Quotation):
        outer.add(inner.lines(), "quotation")
    else:
        for block, kind in zip(inner.blocks, inner.kinds, strict=True):
            outer.add(block, kind)


def _other_mark(inner: List, outer: Container) -> str:
    """Mark of a list; differs from the mark of a list right before (5.3)."""
    if not outer.kinds or outer.kinds[-1] != "list":
        return ""
    last = outer.blocks[-1][0]
    if inner.start is None:
        return "*" if last.startswith("- ") else ""
    return ")" if last.lstrip("0123456789").startswith(". ") else ""
