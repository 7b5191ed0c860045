"""Markdown of a page given as text."""

from __future__ import annotations

from app.markdown import to_markdown
from app.metadata import Document
from app.metadata.html.table import read_table
from app.page import Page

BASE = "https://example.com/a/b?x=1"


def markdown(html: str, *, limit: int = 2 * 2**20) -> str:
    """Markdown of a page at `BASE`."""
    page = Page(BASE, BASE, 200, "text/html; charset=utf-8", html.encode("utf-8", "replace"))
    document = Document(page)
    return to_markdown(read_table(document.markup), document.base_url, limit=limit)
