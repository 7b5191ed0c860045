"""Picture of a page: by its tags, else the first large picture in its body."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html import flags
from app.metadata.model import OpenGraph, TwitterCard
from app.metadata.srcset import first_candidate, is_srcset
from app.metadata.values import first_of, url_path

MIN_SIDE = 64
"""Pixels; a smaller image in the body is an ornament."""

MAX_IMAGES = 30
"""Images of the body looked at."""

MAX_SOURCES = 20
"""Sources looked at of one picture."""

MAX_BEFORE_VIDEO = 50_000
"""Bytes of markup after the headline in which a video belongs to it."""

# The largest shop keeps the large version of a product's picture here.
_LARGE_VERSION = "data-old-hires"
_NO_PICTURE = re.compile(
    r"\.(?:mp[34]|m4[av]|mov|webm|ogg|wav|avi|m3u8|swf|html?)$"
    # Jetpack names https://s0.wp.com/i/blank.jpg where a post has no picture.
    r"|/(?:blank|spacer|transparent|pixel|1x1)\.(?:jpe?g|png|gif)$",
    re.IGNORECASE,
)
# Stand-ins of a site for pages without a picture; Drupal keeps every file in sites/default.
_STAND_IN = re.compile(r"(?<!sites/)(?<![a-z])(?:default|placeholder|fallback|no-?im(?:age|g))(?![a-z])")
_ORNAMENT = re.compile(
    r"(?<![a-z])(?:logos?|icons?|favicon|avatar|gravatar|sprites?|pixel|badges?|emojis?|spinner|loading|placeholder|blank"
    r"|spacer|tracking|captcha|qr-?code|banners?|buttons?|rss|navi?|piwik|matomo|vgwort|static-?map|e-?mail|counter)(?![a-z])"
    r"|\.(?:svg|gif)(?:$|[?\s])|/(?:count|watch|hit|beacon)\b|[?&]idsite=",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"https?://(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\])(?=[:/?#]|$)", re.IGNORECASE)
_PICTURES = ("img", "amp-img")
# Pictures that load on scrolling have their source beside the `src` of a placeholder.
_SOURCES = (
    "data-src", "data-lazy-src", "data-original", "data-lazy", "data-url", "data-actualsrc", "data-lazyload",
    "data-srv", "data-img-src", "src", "data-srcset", "data-lazy-srcset", "srcset",
)  # fmt: skip


@contained("image", nothing)
def read_image(document: Document, og: OpenGraph, twitter: TwitterCard) -> str | None:
    """Read the URL of the best image in the tags, or near the headline."""
    stand_in = None
    for url in _named_images(document, og, twitter):
        if url and _is_picture(url) and _is_reachable(document, url):
            if not _STAND_IN.search(url_path(url).lower()):
                return url
            stand_in = stand_in or url
    return _poster(document) or stand_in or _shown_image(document)


def _poster(document: Document) -> str | None:
    """Still of a video near the headline."""
    table = document.table
    start = document.headline or table.body
    end = document.body.row_after(start, MAX_BEFORE_VIDEO)
    videos = (row for row in table.all("video", "amp-video") if start <= row < end)
    return first_of(document.resolve(table.attribute(row, "poster")) for row in videos)


def _named_images(document: Document, og: OpenGraph, twitter: TwitterCard) -> Iterator[str | None]:
    for media in og.images:
        if media.width != 1 or media.height not in (1, None):
            yield media.url
    yield twitter.image
    yield document.resolve(_json_ld_image(document))
    yield document.link("image_src")
    yield document.meta_url("thumbnail", "image", "thumbnailurl", "sailthru.image.full", "parsely-image-url")
    for _, link in document.links:
        if link.get("itemprop") in ("image", "thumbnailUrl"):
            yield document.resolve(link["href"])


def _is_picture(url: str) -> bool:
    """Whether the path has no extension of a sound, a film or a page."""
    return not _NO_PICTURE.search(url_path(url))


def _is_reachable(document: Document, url: str) -> bool:
    """Whether the image of a public page has a public host: builds without a base URL name the developer's."""
    return not _LOCAL.match(url) or bool(_LOCAL.match(document.page.final_url))


def _json_ld_image(document: Document) -> str | None:
    graph = document.json_ld
    keys = ("image", "primaryImageOfPage", "thumbnailUrl", "thumbnail")
    subjects = [work["mainEntity"] for work in graph.works if isinstance(work.get("mainEntity"), dict)]
    return first_of(graph.url(node.get(key)) for node in (*graph.works, *subjects) for key in keys)


def _shown_image(document: Document) -> str | None:
    table = document.table
    products = (table.attribute(row, _LARGE_VERSION) for row in table.having(_LARGE_VERSION))
    if product := first_of(map(document.resolve, products)):
        return product
    starts = (document.headline, table.body)
    shown = (url for start in starts if start is not None for url in _large_images(document, start))
    return next(shown, None)


def _large_images(document: Document, start: int) -> Iterator[str]:
    rows = document.table.all(*_PICTURES)
    after = bisect_left(rows, start)
    for row in rows[after : after + MAX_IMAGES]:
        is_hidden = document.table.flags(row) & document.body.unseen & flags.NOSCRIPT
        if not is_hidden and not document.body.is_foreign(row) and (url := _large_image(document, row)):
            yield url


def _large_image(document: Document, row: int) -> str | None:
    attributes = document.table.attributes(row)
    source = _source(attributes) or _source_of_picture(document, row) or ""
    described = " ".join((source, *(attributes.get(name, "") for name in ("class", "id", "alt"))))
    small = any(0 < _pixels(attributes.get(side, "")) < MIN_SIDE for side in ("width", "height"))
    return None if small or _ORNAMENT.search(described) else document.resolve(source)


def _source_of_picture(document: Document, row: int) -> str | None:
    """HTML standard, 4.8.1: the sources of the `<picture>` around an `<img>`."""
    table = document.table
    picture = table.parent(row)
    if picture < 0 or table.name(picture) != "picture":
        return None
    sources = (each for each in range(picture + 1, row) if table.name(each) == "source")
    return first_of(_source(table.attributes(source)) for source in islice(sources, MAX_SOURCES))


def _source(attributes: dict[str, str]) -> str | None:
    """URL of a picture; some sites put a whole `srcset` into an attribute for one URL."""
    for name in _SOURCES:
        value = attributes.get(name, "").strip()
        url = first_candidate(value) if name.endswith("srcset") or is_srcset(value) else value
        if url and not url.startswith("data:"):
            return url
    return None


def _pixels(value: str) -> int:
    digits = value.strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0
