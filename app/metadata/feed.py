"""Cards of feeds: RSS 0.9x, 1.0 and 2.0, Atom (RFC 4287), JSON Feed (jsonfeed.org/version/1.1).

Rule 1: no more than the first `MAX_FEED` bytes of XML are parsed; a feed tells its title before its entries.
Rule 2: no entity is expanded, no DTD and no other file is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

import orjson
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.file import feed_type, read_file
from app.metadata.model import Feed, Metadata
from app.metadata.values import absolute_url, clean, first

MAX_FEED = 128 * 1024
MAX_CHILDREN = 1_000

_TAG = re.compile(r"<[^<>]*+>")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedHead(Struct, frozen=True):
    """The words of a feed about itself, as they stand there."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    author: str | None = None
    language: str | None = None


def read_feed(document: Document) -> Metadata:
    """Read the card of a feed; its name is its file's where it has no title."""
    card, head, kind = read_file(document.page), _read_head(document), feed_type(document.page) or None
    base, title = document.page.final_url, _plain(head.title)
    return replace(
        card,
        title=first(title, card.title),
        description=_plain(head.description),
        image=absolute_url(head.image, base),
        type="feed",
        kind="website",
        meta=replace(
            card.meta, author=_plain(head.author), language=clean(head.language, 35), charset=document.charset
        ),
        feeds=(Feed(base, kind, title),),
    )


@contained("feed", FeedHead)
def _read_head(document: Document) -> FeedHead:
    if feed_type(document.page) == "application/feed+json":
        return _read_json(document.markup)
    root = _parse(document.markup[:MAX_FEED])
    if root is None:
        return FeedHead()
    channel = next((child for child in _children(root) if _name(child) == "channel"), root)
    return _read_channel(channel, root)


def _parse(markup: bytes) -> Element | None:
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root: Element | None = etree.fromstring(markup, parser)
    except etree.XMLSyntaxError:
        return None
    return root


def _read_channel(channel: Element, root: Element) -> FeedHead:
    """Read the children of RSS's channel or Atom's feed; those of foreign namespaces come second."""
    own = _namespace(channel)
    children = sorted(_children(channel), key=lambda child: _namespace(child) != own)
    images = (_image(child) for child in children if _name(child) in ("image", "logo", "icon"))
    return FeedHead(
        title=_text(children, "title"),
        description=_text(children, "subtitle", "description", "tagline", "summary"),
        image=first(*images, *(_image(child) for child in _children(root) if _name(child) == "image")),
        author=_text(children, "author", "creator", "managingEditor"),
        language=first(root.get(_XML_LANG), channel.get(_XML_LANG), _text(children, "language")),
    )


def _children(element: Element) -> Iterator[Element]:
    """The first children; comments and entities have no name."""
    return (child for child in element[:MAX_CHILDREN] if isinstance(child.tag, str))


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _namespace(element: Element) -> str:
    return element.tag.rpartition("}")[0]


def _text(children: Iterable[Element], *names: str) -> str | None:
    """First text among the children of these names; of Atom's author the name alone."""
    found = (child for name in names for child in children if _name(child) == name)
    return first(*("".join(_named(child).itertext()).strip() for child in found))


def _named(element: Element) -> Element:
    return next((child for child in _children(element) if _name(child) == "name"), element)


def _image(element: Element) -> str | None:
    inner = next((child.text for child in _children(element) if _name(child) == "url"), None)
    return first(element.get("href"), (inner or "").strip(), (element.text or "").strip())


def _read_json(markup: bytes) -> FeedHead:
    try:
        feed: Any = orjson.loads(markup)
    except orjson.JSONDecodeError:
        return FeedHead()
    if not isinstance(feed, dict):
        return FeedHead()
    authors = feed.get("authors") or [feed.get("author")]
    author = authors[0] if isinstance(authors, list) and isinstance(authors[0], dict) else {}
    told = [feed.get(name) for name in ("title", "description", "icon", "language")]
    title, description, icon, language = (value if isinstance(value, str) else None for value in told)
    name = author.get("name")
    return FeedHead(title, description, icon, name if isinstance(name, str) else None, language)


def _plain(text: str | None) -> str | None:
    """Read a text that may hold escaped HTML."""
    decoded = clean(text)
    return clean(_TAG.sub(" ", decoded)) if decoded and "<" in decoded else decoded
