"""Main content of a page as Markdown."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from app.content.blocks import off_screen
from app.content.selection import Selection, select
from app.markdown import cut, write
from app.metadata import Document, Metadata, is_html
from app.metadata.html import flags
from app.metadata.html.table import TokenTable

WORDS_PER_MINUTE = 238
"""Silent reading of English prose (Brysbaert 2019, https://doi.org/10.1016/j.jml.2019.104047)."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_]++")
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\U000e0000-\U000e007f]++")


class Content(Struct, frozen=True):
    """`markdown`: CommonMark with GFM tables.

    `found`: whether a main content was found, else it is the whole page; `kind`: kind of the page; `words`: in the
    Markdown before it was cut, each character of Chinese and Japanese counted; `reading_minutes`: at least 1;
    `truncated`: whether the Markdown was cut; `hidden_passages`: number of passages left out that no reader sees.
    """

    markdown: str
    found: bool
    kind: str
    words: int
    reading_minutes: int
    truncated: bool
    hidden_passages: int

    def fields(self) -> dict[str, Any]:
        """Return `markdown`, and all else as `main_content`."""
        facts = msgspec.structs.asdict(self)
        return {"markdown": facts.pop("markdown"), "main_content": facts}


def content_fields(document: Document, metadata: Metadata, limit: int, **written: bool) -> dict[str, Any]:
    """Read the main content as fields of an answer, both null where the page is no HTML; else as `read_content`."""
    if not is_html(document.page):
        return {"markdown": None, "main_content": None}
    return read_content(document, metadata, limit, **written).fields()


def read_content(
    document: Document, metadata: Metadata, limit: int, *, links: bool = True, images: bool = True
) -> Content:
    """Read the main content of a page, at most `limit` bytes of UTF-8; without it the whole page.

    `links`, `images`: whether they are written; a link's text always is.
    """
    table = document.table
    chosen = select(table, document.page.final_url, metadata.title or "", metadata.description or "")
    text = write(table, document.base_url, chosen.unseen, chosen, links=links, images=images)
    kept = cut(text, limit)
    words = len(_WORD.findall(text))
    return Content(
        kept,
        chosen.found,
        chosen.kind,
        words,
        max(1, round(words / WORDS_PER_MINUTE)),
        chosen.is_cut or len(kept) < len(text),
        count_hidden(table, chosen),
    )


def count_hidden(table: TokenTable, chosen: Selection) -> int:
    """Count hidden and off-screen elements with text, and runs of characters without a glyph in what was chosen."""
    count, until, outside = 0, 0, off_screen(table)
    for row in table.texts(max(0, table.body), len(table), flags.INERT | flags.FOREIGN | flags.NOSCRIPT):
        if row < until:
            continue
        hidden = _hidden_around(table, row) if table.flags(row) & chosen.unseen & flags.HIDDEN else -1
        until = table.end_of(hidden) if hidden >= 0 else outside.end_at(row)
        count += until > row
        if until <= row and chosen(row):
            count += len(_INVISIBLE.findall(table.run(row)))
    return count


def _hidden_around(table: TokenTable, row: int) -> int:
    """The outermost hidden element around a row."""
    hidden = [ancestor for ancestor in table.ancestors(row) if table.flags(ancestor) & flags.HIDDEN]
    return hidden[-1] if hidden else -1
