"""HTML to Markdown: CommonMark with tables, written from the token table of a page."""

from __future__ import annotations

from app.markdown.block_elements import BLOCKS
from app.markdown.inline_elements import INLINE, LINKS, PICTURES
from app.markdown.walk import Everything, Walk, Wanted
from app.metadata.html import flags
from app.metadata.html.table import TokenTable

MAX_MARKDOWN = 2 * 2**20
"""Bytes of UTF-8, without another limit."""


_ELEMENTS = {**INLINE, **BLOCKS}


EVERYTHING = Everything()


def to_markdown(table: TokenTable, base_url: str, *, limit: int = MAX_MARKDOWN) -> str:
    """Markdown of a page, at most `limit` bytes of UTF-8.

    `base_url`: the URL that links are resolved against. Where all of a page is hidden, a script was to show it, and all
    of it is written.
    """
    text = write(table, base_url, flags.UNSEEN | flags.ARIA_HIDDEN, EVERYTHING)
    return cut(text or write(table, base_url, flags.INERT | flags.FOREIGN, EVERYTHING), limit)


def write(
    table: TokenTable, base_url: str, unseen: int, wanted: Wanted, *, links: bool = True, images: bool = True
) -> str:
    """Markdown of the rows that are wanted and have no flag of `unseen`.

    `links`, `images`: whether they are written; a link's text always is.
    """
    left_out = (frozenset() if links else LINKS) | (frozenset() if images else PICTURES)
    elements = {element: enter for element, enter in _ELEMENTS.items() if element not in left_out}
    lines = Walk(table, base_url, unseen, wanted, elements).write(max(0, table.body), len(table))
    return "\n".join(lines) + "\n" if lines else ""


def cut(text: str, limit: int) -> str:
    """Cut a text at `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit:
        return text
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[:limit].decode("utf-8", "ignore")
