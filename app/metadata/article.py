"""Times, author, section and tags of a page."""

from __future__ import annotations

from app.metadata import jsonld
from app.metadata.author import read_author
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.model import Article
from app.metadata.published import read_modified, read_published
from app.metadata.values import MAX_LIST, first_of


def read_article(document: Document, sites: set[str]) -> Article:
    """Read the block of an article. `sites` are the names of the page's site, squashed."""
    return Article(
        published_time=read_published(document),
        modified_time=read_modified(document),
        author=read_author(document, sites),
        section=_section(document),
        tags=_tags(document),
    )


@contained("section", nothing)
def _section(document: Document) -> str | None:
    sections = (jsonld.text_of(work.get("articleSection")) for work in document.json_ld.works)
    return document.meta("article:section") or first_of(sections)


@contained("tags", tuple)
def _tags(document: Document) -> tuple[str, ...]:
    return tuple(document.meta_all("article:tag")[:MAX_LIST])
