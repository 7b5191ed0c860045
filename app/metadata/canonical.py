"""Canonical URL of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.model import OpenGraph
from app.metadata.values import MAX_URL, absolute_url, first_of

# RFC 8288, 3: a link value is a target in angle brackets and its parameters.
_PARAMETER = r';\s*+([^\s;,="]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;,"]*+)))?+'
_UNNAMED = re.sub(r"\((?!\?)", "(?:", _PARAMETER)
_LINK = re.compile(rf"<([^<>]*+)>\s*+((?:{_UNNAMED}\s*+)*+)")
_PARAMETERS = re.compile(_PARAMETER)
_ESCAPE = re.compile(r"\\(.)")


@contained("canonical_url", nothing)
def read_canonical(document: Document, og: OpenGraph) -> str | None:
    """Read the URL of the page by its own tags, else the final URL."""
    return (
        document.link("canonical")
        or canonical_of_header(document)
        or og.url
        or document.meta_url("twitter:url")
        or document.resolve(document.page.final_url)
    )


def canonical_of_header(document: Document) -> str | None:
    """Read the canonical URL of the `Link` header (RFC 8288, 3), relative to the URL that answered, not to a base."""
    header = document.page.headers.get("link", "")[: MAX_URL * 2]
    targets = (target for target, rel in _links(header) if "canonical" in rel.lower().split())
    return first_of(absolute_url(target, document.page.final_url) for target in targets)


def _links(header: str) -> Iterator[tuple[str, str]]:
    """(target, relation types) of each link; the first `rel` of a link counts."""
    for link in _LINK.finditer(header):
        parameters = ((name.lower(), quoted or bare) for name, quoted, bare in _PARAMETERS.findall(link[2]))
        rel = next((value for name, value in parameters if name == "rel"), "")
        yield link[1], _ESCAPE.sub(r"\1", rel).strip(" '")
