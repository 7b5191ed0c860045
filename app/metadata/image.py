"""The picture that stands for a page: the one that it names, else the first large one that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html.markup import find_elements
from app.metadata.html.patterns import Patterns, any_case
from app.metadata.model import OpenGraph, TwitterCard
from app.metadata.values import first_of, url_path

MIN_SIDE = 64
"""Pixels; a smaller image in the body is an ornament."""

MAX_IMAGES = 30
"""Images of the body looked at."""

MAX_BEFORE_VIDEO = 50_000
"""Bytes of markup after the headline in which a video belongs to it."""

# Where the largest shop keeps the large version of the picture of what it sells.
_LARGE_VERSION = "data-old-hires"
_PRODUCTS = Patterns(_LARGE_VERSION.encode())
_POSTERS = Patterns(b' poster="')
_NO_PICTURE = re.compile(
    r"\.(?:mp[34]|m4[av]|mov|webm|ogg|wav|avi|m3u8|swf|html?)$"
    # Jetpack names https://s0.wp.com/i/blank.jpg where a post has no picture.
    r"|/(?:blank|spacer|transparent|pixel|1x1)\.(?:jpe?g|png|gif)$",
    re.IGNORECASE,
)
# What a site shows for all pages that have no picture; Drupal keeps every file in sites/default.
_STAND_IN = re.compile(r"(?<!sites/)(?<![a-z])(?:default|placeholder|fallback|no-?im(?:age|g))(?![a-z])")
_ORNAMENT = re.compile(
    r"(?<![a-z])(?:logos?|icons?|favicon|avatar|gravatar|sprites?|pixel|badges?|emojis?|spinner|loading|placeholder|blank"
    r"|spacer|tracking|captcha|qr-?code|banners?|buttons?|rss|navi?|piwik|matomo|vgwort|static-?map|e-?mail|counter)(?![a-z])"
    r"|\.(?:svg|gif)(?:$|[?\s])|/(?:count|watch|hit|beacon)\b|[?&]idsite=",
    re.IGNORECASE,
)
_IMAGES = Patterns(*any_case(b"<img"), *any_case(b"<amp-img"))
# What is loaded once somebody scrolls there stands beside the `src` of a place holder.
_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-url", "src", "data-srcset", "srcset")
# A candidate in a `srcset` ends with its width or density (HTML standard, 4.8.4.2.1).
_DESCRIPTOR = re.compile(r"(?:\s|%20)\d+(?:\.\d+)?[wx](?=,|$|\s|%20)")


@contained("image", nothing)
def read_image(document: Document, og: OpenGraph, twitter: TwitterCard) -> str | None:
    """The URL of the best image that a page names, or shows near its headline."""
    stand_in = None
    for url in _named_images(document, og, twitter):
        if url and _is_picture(url):
            if not _STAND_IN.search(url_path(url).lower()):
                return url
            stand_in = stand_in or url
    return _poster(document) or stand_in or _shown_image(document)


def _poster(document: Document) -> str | None:
    """The still of a video that the page is about."""
    start = document.headline or document.body_start
    tags = document.tags_with(_POSTERS, start, start + MAX_BEFORE_VIDEO)
    return first_of(document.resolve(tag.attributes.get("poster")) for tag in tags)


def _named_images(document: Document, og: OpenGraph, twitter: TwitterCard) -> Iterator[str | None]:
    for media in og.images:
        if media.width != 1 and media.height != 1:
            yield media.url
    yield twitter.image
    yield document.resolve(_json_ld_image(document))
    yield document.link("image_src")
    yield document.meta_url("thumbnail", "image", "thumbnailurl", "sailthru.image.full", "parsely-image-url")
    for _, link in document.links:
        if link.get("itemprop") in ("image", "thumbnailUrl"):
            yield document.resolve(link["href"])


def _is_picture(url: str) -> bool:
    """Whether the end of the path does not say that it is a sound, a film or a page."""
    return not _NO_PICTURE.search(url_path(url))


def _json_ld_image(document: Document) -> str | None:
    keys = ("image", "primaryImageOfPage", "thumbnailUrl", "thumbnail")
    subjects = [work["mainEntity"] for work in document.works if isinstance(work.get("mainEntity"), dict)]
    nodes = (*document.works, *subjects)
    urls = (jsonld.url_of(node.get(key), document.json_ld_by_id) for node in nodes for key in keys)
    return next((url for url in urls if url), None)


def _shown_image(document: Document) -> str | None:
    products = (tag.attributes.get(_LARGE_VERSION) for tag in document.tags_with(_PRODUCTS))
    if product := first_of(map(document.resolve, products)):
        return product
    starts = (document.headline, document.body_start)
    shown = (url for start in starts if start is not None for url in _large_images(document, start))
    return next(shown, None)


def _large_images(document: Document, start: int) -> Iterator[str]:
    for attributes in islice(find_elements(document.markup, _IMAGES, start), MAX_IMAGES):
        get = attributes.get
        source = next((told for told in map(get, _SOURCES) if told and not told.startswith("data:")), "")
        # a data-src may hold a whole srcset, and some sites take one for a URL
        source = _DESCRIPTOR.split(source.strip(), maxsplit=1)[0].split(" ")[0]
        described = " ".join((source, get("class", ""), get("id", ""), get("alt", "")))
        small = any(0 < _pixels(get(side, "")) < MIN_SIDE for side in ("width", "height"))
        if "\\" not in source and not small and not _ORNAMENT.search(described) and (url := document.resolve(source)):
            yield url


def _pixels(value: str) -> int:
    digits = value.strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0
