"""HTML to Markdown: CommonMark with tables, written from the token table of a page."""

from __future__ import annotations

from app.markdown.block_elements import BLOCKS
from app.markdown.inline_elements import INLINE
from app.markdown.walk import Walk, Wanted
from app.metadata.html import flags
from app.metadata.html.table import TokenTable

MAX_MARKDOWN = 2 * 2**20
"""Bytes of UTF-8, without another limit."""


_ELEMENTS = {**INLINE, **BLOCKS}


def _all(row: int) -> bool:
    return True


def to_markdown(table: TokenTable, base_url: str, *, limit: int = MAX_MARKDOWN, wanted: Wanted = _all) -> str:
    """Markdown of a page, at most `limit` bytes of UTF-8.

    `base_url`: the URL that links are resolved against. `wanted` tells of a row whether it is written.
    Where all of a page is hidden, a script was to show it, and all of it is written.
    """
    text = _write(table, base_url, flags.UNSEEN | flags.ARIA_HIDDEN, wanted)
    return _cut(text or _write(table, base_url, flags.INERT | flags.FOREIGN, wanted), limit)


def _write(table: TokenTable, base_url: str, unseen: int, wanted: Wanted) -> str:
    lines = Walk(table, base_url, unseen, wanted, _ELEMENTS).write(max(0, table.body), len(table))
    return "\n".join(lines) + "\n" if lines else ""


def _cut(text: str, limit: int) -> str:
    if len(text) * 4 <= limit:
        return text
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[:limit].decode("utf-8", "ignore")
