"""Icons and feeds: links that a page has beside its content."""

from __future__ import annotations

import re

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.file import FEED_TYPES
from app.metadata.model import Feed, Icon
from app.metadata.values import MAX_LIST, absolute_url, clean

MAX_DATA_ICON = 2_048
"""Characters of a `data:` icon; a larger one is left out."""

ICON_RELS = frozenset(
    ("icon", "shortcut", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "fluid-icon")
)
_PLAIN = frozenset(("icon", "shortcut"))
_FEED_RELS = frozenset(("alternate", "feed"))
_SIZE = re.compile(r"(\d{1,5})\s*[x×X]\s*(\d{1,5})")
_PLAIN_SIZE = re.compile(r"\d{1,5}x\d{1,5}$")


@contained("icons", lambda: ((), None))
def read_icons(document: Document) -> tuple[tuple[Icon, ...], str | None]:
    """Read every icon of a page, each URL once, in order; and the favicon."""
    named = [
        (rels, Icon(url, clean(link.get("type"), 100), _sizes(link.get("sizes"))))
        for rels, link in document.links
        if rels & ICON_RELS and (url := _icon_url(document, link["href"]))
    ]
    icons = tuple({icon.url: icon for _, icon in reversed(named)}.values())[::-1][:MAX_LIST]
    return icons, _find_favicon(document, named)


def _icon_url(document: Document, href: str) -> str | None:
    if href.lstrip()[:11].lower().startswith("data:image/"):
        return clean(href) if len(href) <= MAX_DATA_ICON else None
    return document.resolve(href)


def _sizes(value: str | None) -> str | None:
    sizes = clean(value, 200)
    return sizes if sizes is None or _PLAIN_SIZE.match(sizes) else _SIZE.sub(r"\1x\2", sizes)


def _find_favicon(document: Document, named: list[tuple[frozenset[str], Icon]]) -> str | None:
    """Choose the icon for a list of links; `/favicon.ico` of a page without icons.

    A first icon without a size is the default of the site; among sizes the largest suits.
    """
    plain = [(_area(icon.sizes or ""), icon.url) for rels, icon in named if rels & _PLAIN and "alternate" not in rels]
    best = plain[0] if plain and not plain[0][0] else max(plain, key=lambda icon: icon[0], default=(0, None))
    shown = best[1] or (named[0][1].url if named else None)
    return shown or absolute_url("/favicon.ico", document.page.final_url)


def _area(sizes: str) -> int:
    return max((int(width) * int(height) for width, height in _SIZE.findall(sizes)), default=0)


@contained("feeds", tuple)
def read_feeds(document: Document) -> tuple[Feed, ...]:
    """Read the RSS, Atom and JSON feeds of a page, each URL once, in order."""
    feeds: dict[str, Feed] = {}
    for rels, link in document.links:
        if rels.isdisjoint(_FEED_RELS):
            continue
        kind = link.get("type", "").split(";")[0].strip().lower()
        if (kind in FEED_TYPES or "feed" in rels) and (url := document.resolve(link["href"])):
            feeds.setdefault(url, Feed(url, kind or None, clean(link.get("title"), 500)))
    return tuple(feeds.values())[:MAX_LIST]
