"""The picture that stands for a page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from app.metadata import jsonld
from app.metadata.document import Document
from app.metadata.model import OpenGraph, TwitterCard
from app.metadata.values import first

_NO_PICTURE = re.compile(r"\.(?:mp[34]|m4[av]|mov|webm|ogg|wav|avi|m3u8|swf|html?)$", re.IGNORECASE)


def read_image(document: Document, og: OpenGraph, twitter: TwitterCard) -> str | None:
    """The URL of the best image that a page names."""
    candidates = (
        *(
            media.secure_url if media.url is None else media.url
            for media in og.images
            if not is_pixel(media.width, media.height)
        ),
        twitter.image,
        document.resolve(_json_ld_image(document)),
        document.link("image_src"),
        document.meta_url("thumbnail", "image", "thumbnailurl", "msapplication-tileimage"),
    )
    return first(*(url for url in candidates if url and is_picture(url)))


def is_picture(url: str) -> bool:
    """Whether the end of the path does not say that it is a sound, a film or a page."""
    return not _NO_PICTURE.search(urlsplit(url).path)


def is_pixel(width: int | None, height: int | None) -> bool:
    """Whether the image only counts visitors."""
    return width == 1 or height == 1


def _json_ld_image(document: Document) -> str | None:
    nodes = jsonld.works(document.json_ld)
    keys = ("image", "primaryImageOfPage", "thumbnailUrl", "thumbnail")
    return first(*(jsonld.url_of(node.get(key), document.json_ld) for node in nodes for key in keys))
