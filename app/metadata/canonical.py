"""The address that a page wants to be known by."""

from __future__ import annotations

import re

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.model import OpenGraph
from app.metadata.values import MAX_URL, absolute_url

_LINK_TO_CANONICAL = re.compile(r"""<([^<>]*)>[^<>,]*;\s?rel="?canonical\b""", re.IGNORECASE)


@contained("canonical_url", nothing)
def read_canonical(document: Document, og: OpenGraph) -> str | None:
    """The URL that a page names as its own, else the one that answered."""
    return (
        document.link("canonical")
        or _canonical_of_header(document)
        or og.url
        or document.meta_url("twitter:url")
        or document.resolve(document.page.final_url)
    )


def _canonical_of_header(document: Document) -> str | None:
    """RFC 8288, 3: what an answer says of itself in its `Link` header."""
    found = _LINK_TO_CANONICAL.search(document.page.headers.get("link", "")[: MAX_URL * 2])
    return absolute_url(found[1], document.page.final_url) if found else None
