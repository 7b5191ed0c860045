"""Label fields: a card as a flat object, with the names in collections of labelled pages."""

from __future__ import annotations

import re
from typing import Any

from app.metadata.document import Document
from app.metadata.model import Metadata
from app.metadata.shown_dates import shown_time

_ZONE = re.compile(r"\A[^T]*+T.*(?:Z|[+-]\d\d:\d\d)$")


def flat_fields(document: Document, metadata: Metadata) -> dict[str, Any]:
    """Flatten the card of a page."""
    return {
        "title": metadata.title,
        "description": metadata.description,
        "image": metadata.image,
        "author": metadata.meta.author,
        "date": _date(document, metadata),
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


def _date(document: Document, metadata: Metadata) -> str | None:
    """Day of publication as the page shows it, else that of the last change."""
    published, modified = metadata.article.published_time, metadata.article.modified_time
    return shown_time(document, published) or _instant(published) or _instant(modified)


def _instant(value: str | None) -> str | None:
    """Keep a time with a zone, else the day alone: collections read a time without a zone as UTC."""
    return value if value is None or _ZONE.search(value) else value[:10]
