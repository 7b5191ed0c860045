"""Pages for the tests of this folder."""

from __future__ import annotations

from app.metadata import Document
from app.page import Page


def document(
    html: str | bytes, url: str = "https://example.com/dir/page.html", *, status: int = 200, **headers: str
) -> Document:
    """The document of an HTML answer with these headers (an underscore stands for a hyphen)."""
    body = html.encode() if isinstance(html, str) else html
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Document(Page(url, url, status, "text/html; charset=utf-8", body, length=len(body), headers=names))


def file(
    body: bytes = b"", content_type: str = "", url: str = "https://example.com/dir/a%20b.bin", **headers: str
) -> Document:
    """The document of any other answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Document(Page(url, url, 200, content_type, body, length=len(body), headers=names))
