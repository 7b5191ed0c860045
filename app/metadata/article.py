"""What a page says of itself as an article."""

from __future__ import annotations

from app.metadata import jsonld
from app.metadata.author import read_author
from app.metadata.document import Document
from app.metadata.model import Article
from app.metadata.published import read_modified, read_published
from app.metadata.values import MAX_LIST, first_of


def read_article(document: Document, sites: set[str]) -> Article:
    """Times, author, section and tags. `sites` are the names of the page's site, squashed."""
    sections = (jsonld.text_of(work.get("articleSection")) for work in document.works)
    return Article(
        published_time=read_published(document),
        modified_time=read_modified(document),
        author=read_author(document, sites),
        section=document.meta("article:section") or first_of(sections),
        tags=tuple(document.meta_all("article:tag")[:MAX_LIST]),
    )
