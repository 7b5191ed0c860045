"""What Pagecard knows of a page, as frozen values.

The order and the names of the fields are those of the API's `data`; every one is always present, unknown
is None or an empty tuple, and every URL is absolute.
"""

from __future__ import annotations

from msgspec import Struct, field


class Media(Struct, frozen=True):
    """One `og:image`, `og:video` or `og:audio` with its structured properties (ogp.me, "Structured Properties")."""

    url: str
    secure_url: str | None = None
    type: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str | None = None


class OpenGraph(Struct, frozen=True):
    """What the page itself says in Open Graph tags (ogp.me), untouched but for white space."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    url: str | None = None
    type: str | None = None
    site_name: str | None = None
    locale: str | None = None
    images: tuple[Media, ...] = ()
    videos: tuple[Media, ...] = ()
    audio: tuple[Media, ...] = ()
    locale_alternate: tuple[str, ...] = ()


class TwitterCard(Struct, frozen=True):
    """What the page itself says in `twitter:` tags."""

    card: str | None = None
    site: str | None = None
    creator: str | None = None
    title: str | None = None
    description: str | None = None
    image: str | None = None
    image_alt: str | None = None
    player: str | None = None
    app_name: str | None = None


class PageMeta(Struct, frozen=True):
    author: str | None = None
    keywords: tuple[str, ...] = ()
    theme_color: str | None = None
    canonical_url: str | None = None
    favicon: str | None = None
    language: str | None = None
    charset: str | None = None
    robots: str | None = None
    generator: str | None = None
    application_name: str | None = None


class Article(Struct, frozen=True):
    """Times are ISO 8601, with no more precision and no other zone than the page gave."""

    published_time: str | None = None
    modified_time: str | None = None
    author: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()


class Icon(Struct, frozen=True):
    url: str
    type: str | None = None
    sizes: str | None = None


class Feed(Struct, frozen=True):
    url: str
    type: str | None = None
    title: str | None = None


class Content(Struct, frozen=True):
    """`type` is the media type without parameters, `length` in bytes."""

    type: str | None = None
    length: int | None = None
    http_status: int | None = None


class Metadata(Struct, frozen=True):
    """The card of one URL. `url` is the one that was asked, `resolved_url` the one that answered."""

    url: str
    resolved_url: str
    title: str | None = None
    description: str | None = None
    image: str | None = None
    site_name: str | None = None
    type: str | None = None
    open_graph: OpenGraph = field(default_factory=OpenGraph)
    twitter: TwitterCard = field(default_factory=TwitterCard)
    meta: PageMeta = field(default_factory=PageMeta)
    article: Article = field(default_factory=Article)
    icons: tuple[Icon, ...] = ()
    feeds: tuple[Feed, ...] = ()
    content: Content = field(default_factory=Content)
