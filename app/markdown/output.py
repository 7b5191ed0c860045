"""Output of the walk: runs of the open paragraph, and containers of finished blocks.

Rule 1: inline runs gather until a block begins or ends, and become one paragraph or heading.
Rule 2: within a link or a cell of a table nothing ends a paragraph.
"""

from __future__ import annotations

import re

from app.markdown.containers import MAX_INDENT, MAX_QUOTED, Container, Item, List, Quotation, close
from app.markdown.emphasis import render
from app.markdown.inline import BREAK, SPACE, Link, Run, clean
from app.markdown.tables import MAX_COLUMNS
from app.metadata.html.table import BLANK, TokenTable

_CLOSING = re.compile(r"(?:^| )#++\Z")
"""End of a heading's text that would be read as its closing sequence (4.2)."""


class Output:
    """Markdown of one page while it is written."""

    def __init__(self) -> None:
        self.style = 0
        self.link: Link | None = None
        self.heading = 0
        self.cells: list[list[str]] | None = None
        self.runs: list[Run] = []
        self._document = Container()
        self._containers: list[Container] = [self._document]
        self._indent = 0

    @property
    def container(self) -> Container:
        """Innermost container."""
        return self._containers[-1]

    @property
    def is_open(self) -> bool:
        """Whether a block may begin here: neither in a link nor in a cell."""
        return not self.link and self.cells is None

    def lines(self) -> list[str]:
        """Lines of the page, once all containers are closed."""
        self.flush()
        while len(self._containers) > 1:
            self.close()
        lines: list[str] = []
        self._document.write(lines)
        return lines

    def add_text(self, table: TokenTable, row: int) -> None:
        """Add a row of text to the open paragraph."""
        if not self.runs:
            if table.kind(row) != BLANK:
                self.runs.append(Run(clean(table.run(row)), self.style, self.link))
            return
        if table.kind(row) == BLANK:
            self.runs.append(SPACE)
            return
        if table.after_block(row):
            self.runs.append(SPACE)
        self.runs.append(Run(clean(table.run(row)), self.style, self.link))

    def add(self, text: str, *, code: bool = False, raw: bool = False) -> None:
        """Add some text in the style and the link of here."""
        self.runs.append(Run(text, self.style, self.link, code=code, raw=raw))

    def end_block(self) -> None:
        """End a paragraph; in a link or a cell, only set its words apart."""
        if self.link:
            self.runs.append(SPACE)
        elif self.cells is None:
            self.flush()
        elif self.runs:
            self.runs.append(BREAK)

    def flush(self) -> None:
        """Write the open paragraph or heading."""
        if not self.runs:
            self.heading = 0
            return
        text, self.runs = render(self.runs), []
        level, self.heading = self.heading, 0
        if text and level:
            self.container.add([_heading(level, text)], "heading")
        elif text:
            self.container.add(text.split("\n"))

    def end_heading(self) -> None:
        """Write the open heading."""
        self.flush()
        self.heading = 0

    def open(self, container: Container) -> None:
        """Open a container; beyond `MAX_INDENT` the one around goes on."""
        self.flush()
        if self._goes_on(container):
            self._containers.append(self.container)
            return
        self._indent += isinstance(container, (Quotation, Item))
        self._containers.append(container)

    def _goes_on(self, container: Container) -> bool:
        """Whether the container around takes the blocks of another in it."""
        around = self.container
        if isinstance(container, Item):
            return not isinstance(around, List)
        if isinstance(container, List) and isinstance(around, List) and not around.items:
            return True
        return self._indent >= (MAX_QUOTED if isinstance(container, Quotation) else MAX_INDENT)

    def close(self) -> None:
        """Close the innermost container into its parent."""
        self.flush()
        inner = self._containers.pop()
        if inner is not self.container:
            self._indent -= isinstance(inner, (Quotation, Item))
            close(inner, self.container)

    def reopen_item(self) -> bool:
        """Open the last item of a list again, for a list that stands right in the list; False without any."""
        around = self.container
        if not isinstance(around, List) or not around.items or self._indent >= MAX_INDENT:
            return False
        self.flush()
        self._containers.append(around.items.pop())
        self._indent += 1
        return True

    def end_cell(self, columns: int = 0) -> None:
        """Write the open cell of a table, over so many columns; without columns its text is dropped."""
        text, self.runs = render(self.runs), []
        if self.cells and columns:
            cell = text.replace("  \n", "<br>").replace("|", "\\|")
            columns = max(1, min(columns, MAX_COLUMNS - len(self.cells[-1])))
            self.cells[-1] += [cell] + [""] * (columns - 1)


def _heading(level: int, text: str) -> str:
    line = text.replace("  \n", " ")
    return f"{'#' * level} {line[:-1]}\\#" if _CLOSING.search(line) else f"{'#' * level} {line}"
