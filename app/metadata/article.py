"""Who wrote a page, and when."""

from __future__ import annotations

import re

from app.metadata import jsonld
from app.metadata.dates import find_dates
from app.metadata.document import Document
from app.metadata.markup import element_text
from app.metadata.model import Article
from app.metadata.published import read_modified, read_published
from app.metadata.values import MAX_LIST, clean, first

MAX_AUTHOR = 200
"""Characters of an author's name, or of several."""

MAX_BYLINE = 60
"""Characters of a byline that is found by its class alone."""

_AUTHOR_METAS = (
    "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "dc.contributor.author",
    "parsely-author", "sailthru.author", "citation_author", "article:author_name", "authors", "byl", "byline",
    "cxenseparse:author", "shareaholic:article_author_name", "rnews:author", "creator",
)  # fmt: skip
_LABEL = re.compile(
    r"^(?:(?:posted|written|published|text|story|words|article|reported|reviewed|words|photos)?\s?"
    r"(?:by|von|par|por|door|av|di|durch|автор|autor|author|auteur|autore)\b[:\s]*)+",
    re.IGNORECASE,
)


def read_article(document: Document) -> Article:
    """What the page says of itself as an article."""
    nodes = jsonld.works(document.json_ld)
    return Article(
        published_time=read_published(document, nodes),
        modified_time=read_modified(document, nodes),
        author=_author(document),
        section=first(
            document.meta("article:section"), *(jsonld.text_of(n.get("articleSection")) for n in nodes)
        ),
        tags=tuple(document.meta_all("article:tag")[:MAX_LIST]),
    )


def _author(document: Document) -> str | None:
    nodes = document.json_ld
    works = jsonld.of_types(nodes, jsonld.WORK_TYPES) or jsonld.of_types(nodes, jsonld.PAGE_TYPES)
    for work in works:
        for key in ("author", "creator"):
            if names := _people(jsonld.names_of(work.get(key), nodes)):
                return names
    for name in _AUTHOR_METAS:
        if names := _people(document.meta_all(name)):
            return names
    return _author_in_body(document)


def _author_in_body(document: Document) -> str | None:
    for tag in document.tags_with("author"):
        rels = tag.attributes.get("rel", "").lower().split()
        if "author" in rels or "author" in tag.attributes.get("itemprop", "").split():
            text = tag.attributes.get("content") or element_text(document.text, tag.name, tag.end, 1_000)
            if text and len(text) <= MAX_BYLINE and (names := _people([text])):
                return names
    for tag in document.tags_with("author", "byline"):
        text = element_text(document.text, tag.name, tag.end, 1_000)
        if text and len(text) <= MAX_BYLINE and (names := _people([text])):
            return names
    return None


def _people(names: list[str]) -> str | None:
    """The names as one line, without labels, addresses and dates."""
    people = (_person(name) for name in names)
    return clean(", ".join(dict.fromkeys(person for person in people if person)), MAX_AUTHOR)


def _person(name: str) -> str | None:
    name = _LABEL.sub("", name.strip()).strip(" ,;|·•-–—:@")
    if not name or "://" in name or name.startswith(("www.", "/")) or find_dates(name) or name.isdigit():
        return None
    return name if len(name) <= MAX_AUTHOR else None
