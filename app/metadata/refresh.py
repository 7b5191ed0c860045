"""Meta refresh: a redirect that stands in the page (HTML standard, 4.2.5.3, "shared declarative refresh steps")."""

from __future__ import annotations

import re

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.values import clean

MAX_DELAY = 10
"""Seconds; a page that stays at least so long is a page to read."""

_REFRESH = re.compile(
    r"\s*(\d{1,9})?(?:\.[\d.]*)?\s*[;,]?\s*(?:url\s*=\s*)?(?:\"([^\"]*)|'([^']*)|([^\"'\s].*))?",
    re.IGNORECASE,
)


@contained("refresh", nothing)
def read_refresh(document: Document) -> str | None:
    """The absolute URL that the page sends its readers to within `MAX_DELAY` seconds, None if it does not."""
    for tag in document.all("meta"):
        if tag.attributes.get("http-equiv", "").strip().lower() == "refresh" and not document.in_noscript(tag.start):
            target = _target(document, clean(tag.attributes.get("content")) or "")
            if target:
                return target
    return None


def _target(document: Document, content: str) -> str | None:
    found = _REFRESH.match(content)
    if not found or found[1] is None or int(found[1]) >= MAX_DELAY:
        return None
    url = document.resolve(found[2] or found[3] or found[4])
    return None if url and url.split("#")[0] == document.page.final_url.split("#")[0] else url
