"""Refreshes: redirects by a page or its header (HTML standard, 4.2.5.3, "shared declarative refresh steps")."""

from __future__ import annotations

import re

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html import flags

MAX_DELAY = 10
"""Seconds; a page that stays for longer is read itself."""

_REFRESH = re.compile(
    r"\s*(?=[\d.])(\d{0,9})(?:\.[\d.]*)?(?:\s*[;,]\s*|\s+|$)(?:url\s*=\s*)?(?:\"([^\"]*)|'([^']*)|([^\"'\s].*))?",
    re.IGNORECASE | re.DOTALL,
)

# A URL with user info is refused wherever it comes from; without it the request would be another one.
_USER = re.compile(r"\s*+(?:https?:)?+[/\\]{2}[^/\\?#]*@", re.IGNORECASE)


@contained("refresh", nothing)
def read_refresh(document: Document) -> str | None:
    """Read the absolute target of a redirect within `MAX_DELAY` seconds, in header or page; None without any."""
    if target := _target(document, _decoded(document.page.headers.get("refresh", ""))):
        return target
    table = document.table
    for row in table.all("meta"):
        is_refresh = (table.attribute(row, "http-equiv") or "").strip().lower() == "refresh"
        if is_refresh and not table.flags(row) & flags.NOSCRIPT:
            target = _target(document, table.attribute(row, "content") or "")
            if target:
                return target
    return None


def _decoded(field: str) -> str:
    """Read a header field, which holds ISO 8859-1, as the UTF-8 that servers send."""
    try:
        return field.encode("latin-1").decode()
    except UnicodeError:
        return field


def _target(document: Document, content: str) -> str | None:
    found = _REFRESH.match(content)
    if not found or int(found[1] or 0) >= MAX_DELAY:
        return None
    target = found[2] or found[3] or found[4] or ""
    return None if _USER.match(target) else document.resolve(target)
