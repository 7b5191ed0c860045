"""Tags of a page as crawlers of platforms find them: by name, in page order, within a window of the markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.metadata import Document
from app.metadata.values import clean

MAX_SHOWN = 500
"""Characters of a value in an answer."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with a content. `start`: offset in the markup, bytes."""

    name: str
    content: str
    start: int


def find_tag(document: Document, names: tuple[str, ...], *, page_order: bool = False) -> Tag | None:
    """Find the first of `names` that the page has, or the first on the page of any of them.

    In page order `title` and `description` still come after all other names.
    """
    found = [tag for name in names if (tag := next(_tags(document, name), None))]
    if not page_order:
        return found[0] if found else None
    return min(found, key=lambda tag: (tag.name in ("title", "description"), tag.start), default=None)


def _tags(document: Document, name: str) -> Iterator[Tag]:
    if name == "title":
        yield from _titles(document)
        return
    for row in document.metas.rows.get(name, ()):
        if content := clean(document.metas.contents[row]):
            yield Tag(name, content, document.table.start(row))


def _titles(document: Document) -> Iterator[Tag]:
    if document.title:
        yield Tag("title", document.title, document.table.start(document.table.all("title")[0]))


def is_absolute(address: str) -> bool:
    """Tell whether an address as written is an absolute http(s) URL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)


def is_vector(address: str, declared: str | None) -> bool:
    """Tell whether a picture is SVG, by its declared type or the end of its path."""
    return (declared or "").lower().startswith("image/svg") or address.partition("?")[0].lower().endswith(".svg")
