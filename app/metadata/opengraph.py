"""Open Graph tags (ogp.me): what the page itself says, structured properties included."""

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
    """The `og:` tags of a page."""
    images = _read_media(document, "og:image")
    return OpenGraph(
        title=document.meta("og:title"),
        description=document.meta("og:description"),
        image=images[0].url if images else None,
        url=document.meta_url("og:url"),
        type=document.meta("og:type"),
        site_name=document.meta("og:site_name", "og:site"),
        locale=document.meta("og:locale"),
        images=images,
        videos=_read_media(document, "og:video"),
        audio=_read_media(document, "og:audio"),
        locale_alternate=tuple(document.meta_all("og:locale:alternate")[:MAX_LIST]),
    )


def _read_media(document: Document, root: str) -> tuple[OpenGraphMedia, ...]:
    """The objects under `root`: structured properties belong to the object that was opened last."""
    tags = [(name[len(root) :], content) for name, content in document.open_graph if name.startswith(root)]
    if not tags:
        return ()
    opened: list[dict[str, Any]] = []
    for name, content in tags:
        if name in ("", ":url"):
            _open(opened, document.resolve(content))
        elif opened and name.startswith(":"):
            _attach(opened[-1], name[1:], content, document)
    if not opened:
        _open(opened, document.meta_url(f"{root}:secure_url"))
    return tuple(OpenGraphMedia(**media) for media in _merge(opened)[:MAX_LIST])


def _open(opened: list[dict[str, Any]], url: str | None) -> None:
    if not opened or opened[-1]["url"] != url:
        opened.append({"url": url})


def _attach(media: dict[str, Any], name: str, content: str, document: Document) -> None:
    if name not in _PROPERTIES or name in media:
        return
    media[name] = _read_property(name, content, document)


def _read_property(name: str, content: str, document: Document) -> str | int | None:
    if name == "secure_url":
        return document.resolve(content)
    return _pixels(content) if name in _SIZES else clean(content)


def _pixels(content: str) -> int | None:
    number = content.strip().lower().removesuffix("px").strip()
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else None


def _merge(opened: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each URL once, in the order of the page; later tags of the same URL add what was left open."""
    by_url: dict[str, dict[str, Any]] = {}
    for media in opened:
        if media["url"]:
            known = by_url.setdefault(media["url"], media)
            known.update({name: value for name, value in media.items() if known.get(name) is None})
    return list(by_url.values())
