"""The fields of a card side by side, under the names that collections of labelled pages use."""

from __future__ import annotations

import re
from typing import Any

from app.metadata.document import Document
from app.metadata.model import Metadata
from app.metadata.published import shown_time

_ZONE = re.compile(r"\A[^T]*+T.*(?:Z|[+-]\d\d:\d\d)$")


def flat_fields(document: Document, metadata: Metadata) -> dict[str, Any]:
    """The card of a page as one flat object."""
    return {
        "title": metadata.title,
        "description": metadata.description,
        "image": metadata.image,
        "author": metadata.meta.author,
        "date": shown_time(document, metadata.article.published_time) or _instant(metadata.article.published_time),
        "date_modified": _instant(metadata.article.modified_time),
        "publisher": metadata.site_name,
        "lang": metadata.meta.language,
        "canonical_url": metadata.meta.canonical_url,
        "favicon": metadata.meta.favicon,
        "logo": metadata.meta.favicon,
        "keywords": list(metadata.meta.keywords),
        "theme_color": metadata.meta.theme_color,
        "charset": metadata.meta.charset,
    }


def _instant(value: str | None) -> str | None:
    """A time whose zone is known, else the day alone: collections read a time without a zone as UTC."""
    return value if value is None or _ZONE.search(value) else value[:10]
