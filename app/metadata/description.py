"""The sentence or two that say what a page is about."""

from __future__ import annotations

import re

from app.metadata import jsonld
from app.metadata.document import Document
from app.metadata.markup import visible_text
from app.metadata.values import first

MIN_PARAGRAPH = 80
"""Characters; shorter paragraphs are captions, dates and notices."""

MAX_PARAGRAPHS = 30
"""Paragraphs looked at."""

MAX_PARAGRAPH_MARKUP = 3_000
"""Characters of markup read of one paragraph."""

_PARAGRAPH = re.compile(r"<p(?:\s[^<>]{0,500})?>", re.IGNORECASE)
_PARAGRAPH_END = re.compile(r"</?(?:p|div|h[1-6]|section|article|ul|ol|table)(?=[\s/>])", re.IGNORECASE)


def read_description(document: Document) -> str | None:
    """The best description that a page has to offer."""
    return (
        document.meta("og:description", "description", "dc.description", "dcterms.description")
        or document.meta("twitter:description")
        or _json_ld_description(document)
        or _first_paragraph(document)
    )


def _json_ld_description(document: Document) -> str | None:
    nodes = jsonld.works(document.json_ld)
    return first(*(jsonld.text_of(node.get("description")) for node in nodes))


def _first_paragraph(document: Document) -> str | None:
    headings = document.all("h1")
    start = headings[0].end if headings else 0
    for found, _ in zip(_PARAGRAPH.finditer(document.text, start), range(MAX_PARAGRAPHS)):
        limit = found.end() + MAX_PARAGRAPH_MARKUP
        end = _PARAGRAPH_END.search(document.text, found.end(), limit)
        text = visible_text(document.text[found.end() : end.start() if end else limit])
        if text and len(text) > MIN_PARAGRAPH:
            return text
    return None
