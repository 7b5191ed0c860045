"""Open Graph tags (ogp.me) with their structured properties, as the page has them."""

from __future__ import annotations

from typing import Any

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.model import OpenGraph, OpenGraphMedia
from app.metadata.values import MAX_LIST, clean

# ogp.me, "Structured Properties": og:image and og:image:url are the same and open an object.
_PROPERTIES = {*OpenGraphMedia.__struct_fields__} - {"url"}
_SIZES = {"width", "height"}


@contained("open_graph", OpenGraph)
def read_opengraph(document: Document) -> OpenGraph:
    """Read the `og:` tags of a page."""
    images = _read_media(document, "og:image")
    return OpenGraph(
        title=document.meta_as_written("og:title"),
        description=document.meta_as_written("og:description"),
        image=images[0].url if images else None,
        url=document.meta_url("og:url"),
        type=document.meta_as_written("og:type"),
        site_name=document.meta_as_written("og:site_name", "og:site"),
        locale=document.meta_as_written("og:locale"),
        images=images,
        videos=_read_media(document, "og:video"),
        audio=_read_media(document, "og:audio"),
        locale_alternate=tuple(document.meta_all("og:locale:alternate")[:MAX_LIST]),
    )


def _read_media(document: Document, root: str) -> tuple[OpenGraphMedia, ...]:
    """Read the objects under `root`, one for each URL."""
    tags = [(name[len(root) :], content) for name, content in document.open_graph if name.startswith(root)]
    if not tags:
        return ()
    media = _Media(document)
    for name, content in tags:
        media.take(name, content)
    if not media.opened:
        media.open(document.meta_url(f"{root}:secure_url"))
    return tuple(OpenGraphMedia(**each) for each in _merge(media.opened)[:MAX_LIST])


class _Media:
    """Objects of one root, while its tags are read.

    A structured property belongs to the object before it. On pages that begin with a property it belongs to the
    object after it instead, if that one before it has such a property already.
    """

    def __init__(self, document: Document) -> None:
        self.opened: list[dict[str, Any]] = []
        self._document = document
        self._early: dict[str, Any] = {}  # properties of the object that comes next
        self._begins_with_property = False

    def take(self, name: str, content: str) -> None:
        """Take the next tag: its name without the root."""
        if name in ("", ":url"):
            self.open(self._document.resolve_meta(content))
        elif name.startswith(":") and name[1:] in _PROPERTIES:
            self._attach(name[1:], _read_property(name[1:], content, self._document))

    def open(self, url: str | None) -> None:
        """Begin an object, but for the URL of the one before."""
        if not self.opened or self.opened[-1]["url"] != url:
            self.opened.append({"url": url, **self._early})
            self._early = {}

    def _attach(self, name: str, value: Any) -> None:
        self._begins_with_property |= not self.opened
        if not self.opened or (self._begins_with_property and name in self.opened[-1]):
            self._early.setdefault(name, value)
        else:
            self.opened[-1].setdefault(name, value)


def _read_property(name: str, content: str, document: Document) -> str | int | None:
    if name == "secure_url":
        return document.resolve_meta(content)
    return _pixels(content) if name in _SIZES else clean(content)


def _pixels(content: str) -> int | None:
    number = content.strip().lower().removesuffix("px").strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else None


def _merge(opened: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep each URL once, in the order of the page; later tags of the same URL fill open properties."""
    by_url: dict[str, dict[str, Any]] = {}
    for media in opened:
        if media["url"]:
            known = by_url.setdefault(media["url"], media)
            known.update({name: value for name, value in media.items() if known.get(name) is None})
    return list(by_url.values())
