"""The picture that stands for a page: the one that it names, else the first large one that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from app.metadata import jsonld
from app.metadata.document import Document
from app.metadata.markup import find_elements
from app.metadata.model import OpenGraph, TwitterCard
from app.metadata.values import first

MIN_SIDE = 64
"""Pixels; a smaller image in the body is an ornament."""

MAX_IMAGES = 30
"""Images of the body looked at."""

# Where the largest shop keeps the large version of the picture of what it sells.
_LARGE_VERSION = "data-old-hires"
_NO_PICTURE = re.compile(r"\.(?:mp[34]|m4[av]|mov|webm|ogg|wav|avi|m3u8|swf|html?)$", re.IGNORECASE)
_ORNAMENT = re.compile(
    r"(?<![a-z])(?:logos?|icons?|favicon|avatar|sprites?|pixel|badges?|emojis?|spinner|loading|placeholder|blank|spacer"
    r"|tracking|captcha|qr-?code|banners?|buttons?)(?![a-z])"
    r"|\.(?:svg|gif)(?:$|\?)|/(?:count|watch|hit|beacon)\b",
    re.IGNORECASE,
)


def read_image(document: Document, og: OpenGraph, twitter: TwitterCard) -> str | None:
    """The URL of the best image that a page names, or shows near its headline."""
    named = (url for url in _named_images(document, og, twitter) if url and _is_picture(url))
    return next(named, None) or _shown_image(document)


def _named_images(document: Document, og: OpenGraph, twitter: TwitterCard) -> Iterator[str | None]:
    for media in og.images:
        if media.width != 1 and media.height != 1:
            yield media.url
    yield twitter.image
    yield document.resolve(_json_ld_image(document))
    yield document.link("image_src")
    yield document.meta_url("thumbnail", "image", "thumbnailurl", "sailthru.image.full", "parsely-image-url")


def _is_picture(url: str) -> bool:
    """Whether the end of the path does not say that it is a sound, a film or a page."""
    return not _NO_PICTURE.search(urlsplit(url).path)


def _json_ld_image(document: Document) -> str | None:
    keys = ("image", "primaryImageOfPage", "thumbnailUrl", "thumbnail")
    urls = (jsonld.url_of(work.get(key), document.json_ld_by_id) for work in document.works for key in keys)
    return next((url for url in urls if url), None)


def _shown_image(document: Document) -> str | None:
    products = (tag.attributes.get(_LARGE_VERSION) for tag in document.tags_with(_LARGE_VERSION))
    if product := first(*map(document.resolve, products)):
        return product
    starts = (document.headline, document.body_start)
    shown = (url for start in starts if start is not None for url in _large_images(document, start))
    return next(shown, None)


def _large_images(document: Document, start: int) -> Iterator[str]:
    for tag in islice(find_elements(document.text, "img", start), MAX_IMAGES):
        get = tag.attributes.get
        # a data-src may hold a whole srcset
        source = (get("data-src") or get("src") or "").strip().split(" ")[0]
        described = " ".join((source, get("class", ""), get("id", ""), get("alt", "")))
        small = any(0 < _pixels(get(side, "")) < MIN_SIDE for side in ("width", "height"))
        if "\\" not in source and not small and not _ORNAMENT.search(described) and (url := document.resolve(source)):
            yield url


def _pixels(value: str) -> int:
    digits = value.strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0
