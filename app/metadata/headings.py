"""Headings of a page, and the row where its headline stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.metadata.html import flags
from app.metadata.html.table import NONE, START, TokenTable
from app.metadata.lazy import lazy
from app.metadata.values import clean, squash, url_path, words

MAX_HEADINGS = 5
"""`<h1>` looked at."""

MAX_HEADING = 1_000
"""Characters of one heading."""

MAX_ROWS = 200
"""Tags and texts of one heading."""

MIN_TITLE = 8
"""Characters; the place of a shorter title in the body says nothing."""

SHOWN_TITLE = 30
"""Characters of a title that an element of the body must begin with."""

MAX_TITLE = 500
"""Bytes of a title in the body."""

MAX_PLACES = 5
"""Places looked at for one title."""

LOWER_HEADINGS = ("h2", "h3", "h4", "h5", "h6")

# Characters that are written alike with and without references.
_PLAIN = re.compile(r"[^&<>'\"‘’“”«»–—…]+")
# Links of a heading to itself, as generators of documentation add them.
_PERMALINKS = frozenset("#¶§🔗")
_PERMALINK = re.compile(r"^(?:# |[¶🔗] ?)| [#§]$|[¶🔗]$")
_TITLE_PARTS = re.compile(r"[|\-–—»«•·:](?:(?<=\s.)(?=\s)|(?<=[|»•·]))")


class Heading(NamedTuple):
    """An `<h1>`: its row, its text, the last run of its text, and whether it links to the home page."""

    row: int
    text: str
    last: str
    is_site: bool


class ShownTitle(NamedTuple):
    """A part of the title in the body: its row, its text, and whether it stands in a heading."""

    row: int
    text: str
    in_heading: bool


class Headings:
    """Headings of one page.

    `title` is that of its tags, `resolve` makes a link absolute, `unseen` are the flags of the parts that readers do
    not see.
    """

    def __init__(self, table: TokenTable, title: str, resolve: Callable[[str], str | None], unseen: int) -> None:
        self._table = table
        self._title = title
        self._resolve = resolve
        self._unseen = unseen

    @lazy
    def top(self) -> list[Heading]:
        """First few `<h1>` with a text that a browser with scripts has in the page."""
        return [heading for row in self._table.all("h1")[:MAX_HEADINGS] if (heading := self._read(row))]

    def _read(self, row: int) -> Heading | None:
        table = self._table
        if table.flags(row) & self._unseen & flags.NOSCRIPT:
            return None
        end = min(table.end_of(row), row + MAX_ROWS)
        texts = (clean(table.run(text)) for text in table.texts(row + 1, end, flags.FOREIGN))
        runs = [text for text in texts if text and text not in _PERMALINKS]
        text = clean(_PERMALINK.sub("", table.text(row, MAX_HEADING)))
        hrefs = (table.attribute(link, "href") for link in range(row + 1, end) if table.name(link) == "a")
        return (
            Heading(row, text, runs[-1], any(href and self._is_home(href) for href in hrefs)) if text and runs else None
        )

    def _is_home(self, href: str) -> bool:
        url = self._resolve(href)
        return url is not None and url_path(url) in ("", "/")

    @property
    def own(self) -> list[Heading]:
        """`<h1>` other than the name of the site."""
        return [heading for heading in self.top if not heading.is_site]

    @property
    def of_site(self) -> list[str]:
        """Texts of the `<h1>` that link to the home page: names of the site."""
        return [heading.text for heading in self.top if heading.is_site]

    @lazy
    def headline(self) -> int | None:
        """Row of the headline: the `<h1>` nearest to the title, or the title in the body."""
        wanted = words(self._title)
        own = self.own
        shared = [len(wanted & words(heading.text)) for heading in own]
        best = own[shared.index(max(shared))] if shared else None
        if best and (any(shared) or not wanted):
            return best.row
        rows = [shown.row for shown in sorted(self.shown, key=lambda shown: not shown.in_heading)]
        return rows[0] if rows else best and best.row

    @lazy
    def parts(self) -> list[str]:
        """The title, and its parts between separators."""
        return [self._title, *(part.strip() for part in _TITLE_PARTS.split(self._title))]

    @lazy
    def shown(self) -> list[ShownTitle]:
        """Places in the body of the title, of its first part, and of its last."""
        told = dict.fromkeys((self._title, self.parts[1], self.parts[-1]))
        return [ShownTitle(row, part, self._is_in_heading(row)) for part in told for row in self._rows_of(part)]

    def _rows_of(self, title: str) -> Iterator[int]:
        """Rows of text in the body with this title, or its first `SHOWN_TITLE` characters."""
        plain = max(_PLAIN.findall(title), key=len, default="")
        for row in self._rows_with(plain.encode()) if len(plain) > MIN_TITLE else ():
            shown = clean(self._table.run(row, MAX_TITLE))
            if shown and shown[:SHOWN_TITLE] == title[:SHOWN_TITLE]:
                yield row

    def shows(self, text: str) -> bool:
        """Whether a run of text in the body is this one."""
        wanted = squash(text)
        rows = self._rows_with(text.encode()) if wanted else ()
        return any(squash(self._table.run(row, MAX_TITLE)) == wanted for row in rows)

    def _rows_with(self, text: bytes) -> Iterator[int]:
        """Rows of the body with a text that holds `text`, the first `MAX_PLACES`."""
        table = self._table
        place = table.start(table.body) - 1 if table.body < len(table) else len(table.markup)
        for _ in range(MAX_PLACES):
            place = table.markup.find(text, place + 1)
            row = table.at(place) if place >= 0 else NONE
            if row == NONE:
                return
            if table.kind(row) != START and place < table.end(row) and not table.flags(row) & self._unseen:
                yield row

    def _is_in_heading(self, row: int) -> bool:
        return self._table.inside(row, "h1", *LOWER_HEADINGS) != NONE
