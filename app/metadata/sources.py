"""Sources of the main fields: the origin of each value on the page, and disagreeing values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from app.metadata import jsonld
from app.metadata.canonical import canonical_of_header
from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.model import Metadata
from app.metadata.values import squash

MAX_OTHERS = 20
"""Other values shown of one field."""

Candidate = tuple[str, str | None]
"""Name of a source and the value in it."""

_ARTICLE_KEYS = {
    "title": ("headline", "name"),
    "description": ("description",),
    "published_time": ("datePublished",),
}


@contained("sources", dict)
def read_sources(document: Document, metadata: Metadata) -> dict[str, Any]:
    """Tell for each main field `{"from", "value", "others": [{"from", "value"}]}`.

    `from` is null for a field without a value, the name of a meta tag (`og:title`), `title`, `h1`, `html lang`,
    `link canonical`, `link icon`, `header link`, `json-ld`, or `page` for a value that the reader found in the text.
    """
    values = {
        "title": metadata.title,
        "description": metadata.description,
        "image": metadata.image,
        "site_name": metadata.site_name,
        "author": metadata.meta.author,
        "published_time": metadata.article.published_time,
        "language": metadata.meta.language,
        "canonical_url": metadata.meta.canonical_url,
    }
    return {field: _told(value, list(_CANDIDATES[field](document))) for field, value in values.items()}


def _told(value: str | None, candidates: list[Candidate]) -> dict[str, Any]:
    said = [(name, text) for name, text in candidates if text]
    source = _source(value, said) if value else None
    others = ({"from": name, "value": text} for name, text in said if name != source and text != value)
    return {"from": source, "value": value, "others": list(islice(others, MAX_OTHERS))}


def _source(value: str, said: list[tuple[str, str]]) -> str:
    """Name of the first source that has a value, word for word or as a part."""
    folded = squash(value)
    return (
        next((name for name, text in said if text == value), None)
        or next((name for name, text in said if folded and folded in squash(text)), None)
        or next((name for name, text in said if len(text) > 3 and squash(text) and squash(text) in folded), None)
        or "page"
    )


def _metas(*names: str) -> Callable[[Document], Iterable[Candidate]]:
    return lambda document: ((name, document.meta(name)) for name in document.present(*names))


def _urls(*names: str) -> Callable[[Document], Iterable[Candidate]]:
    return lambda document: ((name, document.meta_url(name)) for name in document.present(*names))


def _nodes(field: str) -> Callable[[Document], Iterable[Candidate]]:
    keys = _ARTICLE_KEYS[field]
    return lambda document: (
        ("json-ld", jsonld.text_of(node.get(key))) for node in document.json_ld.works[:3] for key in keys
    )


def _headings(document: Document) -> Iterable[Candidate]:
    return (("h1", heading.text) for heading in document.headings)


def _node_image(document: Document) -> Iterable[Candidate]:
    graph = document.json_ld
    urls = (graph.url(node.get(key)) for node in graph.works[:3] for key in ("image", "thumbnailUrl"))
    return (("json-ld", document.resolve(url)) for url in urls)


def _node_names(*keys: str) -> Callable[[Document], Iterable[Candidate]]:
    def names(document: Document) -> Iterable[Candidate]:
        graph = document.json_ld
        found = (", ".join(graph.names(node.get(key))) for node in graph.works[:3] for key in keys)
        return (("json-ld", name) for name in found)

    return names


def _links(document: Document) -> Iterable[Candidate]:
    return (
        ("link canonical", document.link("canonical")),
        ("header link", canonical_of_header(document)),
    )


def _all(*readers: Callable[[Document], Iterable[Candidate]]) -> Callable[[Document], Iterable[Candidate]]:
    return lambda document: (candidate for read in readers for candidate in read(document))


_CANDIDATES: dict[str, Callable[[Document], Iterable[Candidate]]] = {
    "title": _all(
        _metas("og:title", "twitter:title"),
        _nodes("title"),
        lambda document: (("title", document.title),),
        _headings,
    ),
    "description": _all(_metas("og:description", "description", "twitter:description"), _nodes("description")),
    "image": _all(_urls("og:image", "og:image:url", "twitter:image", "twitter:image:src"), _node_image),
    "site_name": _all(_metas("og:site_name"), _node_names("publisher"), _metas("application-name")),
    "author": _all(
        _node_names("author", "creator"),
        _metas("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "citation_author"),
    ),
    "published_time": _all(
        _metas("article:published_time"),
        _nodes("published_time"),
        _metas("date", "dc.date", "dc.date.issued", "parsely-pub-date", "sailthru.date", "citation_publication_date"),
    ),
    "language": _all(lambda document: (("html lang", document.language),), _metas("og:locale", "content-language")),
    "canonical_url": _all(_links, _urls("og:url", "twitter:url")),
}
