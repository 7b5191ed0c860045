"""Kind of a page: one word for the layout of its card."""

from __future__ import annotations

from app.metadata import jsonld
from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.model import Kind, OpenGraph

VIDEO_TYPES = frozenset(("videoobject", "movie", "tvepisode", "tvseries", "clip"))
AUDIO_TYPES = frozenset(("audioobject", "musicrecording", "musicalbum", "podcastepisode", "podcastseries", "audiobook"))
PRODUCT_TYPES = frozenset(("product", "productgroup", "individualproduct", "productmodel"))

_BY_TYPE: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("product", PRODUCT_TYPES),
    ("article", jsonld.ARTICLE_TYPES),
    ("video", VIDEO_TYPES),
    ("audio", AUDIO_TYPES),
    ("image", frozenset(("imageobject", "photograph"))),
    ("profile", frozenset(("profilepage", "person"))),
)
# ogp.me, "Object Types", and what shops and platforms write in their place.
_BY_PREFIX: tuple[tuple[str, Kind], ...] = (
    ("video", "video"),
    ("music", "audio"),
    ("audio", "audio"),
    ("sound", "audio"),
    ("article", "article"),
    ("blog", "article"),
    ("profile", "profile"),
    ("product", "product"),
    ("og:product", "product"),
    ("photo", "image"),
    ("image", "image"),
)
_MAX_SAME = 1
"""Nodes of a kind that describe the page; more of them are a list of other pages."""


def _website() -> Kind:
    return "website"


@contained("kind", _website)
def read_kind(document: Document, og: OpenGraph) -> Kind:
    """Read the kind of a page: by `og:type`, else by JSON-LD, else by the marks of an article."""
    told = (og.type or "").lower()
    named = next((kind for prefix, kind in _BY_PREFIX if told.startswith(prefix)), None)
    return named or _kind_of_nodes(document) or ("article" if _is_article(document) else "website")


def _kind_of_nodes(document: Document) -> Kind | None:
    """Kind of the node that describes the page; a crowd of products describes a list."""
    roots = document.json_ld.nodes
    for kind, types in _BY_TYPE:
        found = jsonld.of_types(roots, types)
        if found and (kind == "article" or len(found) <= _MAX_SAME):
            return kind
    return None


def _is_article(document: Document) -> bool:
    return bool(document.present("article:published_time", "citation_title"))
