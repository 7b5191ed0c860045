"""Metadata of a page, as frozen values.

Order, names and descriptions of the fields are those of the API's `data`. Every field is always present; unknown
is None or an empty tuple, and every URL is absolute.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


def doc(text: str, *examples: object, **keywords: object) -> Meta:
    """Describe a field for the OpenAPI document, with examples and further keywords of JSON Schema."""
    return Meta(description=text, examples=list(examples) or None, extra_json_schema=keywords or None)


class OpenGraphMedia(Struct, frozen=True):
    """One `og:image`, `og:video` or `og:audio` with its structured properties (ogp.me, "Structured Properties")."""

    url: Annotated[str, doc("Absolute URL of the file.", "https://example.com/cover.jpg")]
    secure_url: Annotated[str | None, doc("The same file over https.", "https://example.com/cover.jpg")] = None
    type: Annotated[str | None, doc("Media type as declared.", "image/jpeg")] = None
    width: Annotated[int | None, doc("Pixels as declared.", 1200)] = None
    height: Annotated[int | None, doc("Pixels as declared.", 630)] = None
    alt: Annotated[str | None, doc("Description for readers who do not see it.", "A harbour at dawn")] = None


class OpenGraph(Struct, frozen=True):
    """Open Graph tags of the page (ogp.me), untouched but for white space."""

    title: Annotated[str | None, doc("`og:title`", "An article")] = None
    description: Annotated[str | None, doc("`og:description`", "A sentence about it.")] = None
    image: Annotated[str | None, doc("First `og:image`", "https://example.com/cover.jpg")] = None
    url: Annotated[str | None, doc("`og:url`", "https://example.com/article")] = None
    type: Annotated[str | None, doc("`og:type`", "article")] = None
    site_name: Annotated[str | None, doc("`og:site_name`", "Example")] = None
    locale: Annotated[str | None, doc("`og:locale`", "en_US")] = None
    images: Annotated[tuple[OpenGraphMedia, ...], doc("Every `og:image`, in page order.")] = ()
    videos: Annotated[tuple[OpenGraphMedia, ...], doc("Every `og:video`, in page order.")] = ()
    audio: Annotated[tuple[OpenGraphMedia, ...], doc("Every `og:audio`, in page order.")] = ()
    locale_alternate: Annotated[tuple[str, ...], doc("Every `og:locale:alternate`.", ["de_DE"])] = ()


class TwitterCard(Struct, frozen=True):
    """`twitter:` tags of the page, untouched but for white space."""

    card: Annotated[str | None, doc("`twitter:card`", "summary_large_image")] = None
    site: Annotated[str | None, doc("`twitter:site`", "@example")] = None
    creator: Annotated[str | None, doc("`twitter:creator`", "@author")] = None
    title: Annotated[str | None, doc("`twitter:title`", "An article")] = None
    description: Annotated[str | None, doc("`twitter:description`", "A sentence about it.")] = None
    image: Annotated[str | None, doc("`twitter:image`", "https://example.com/cover.jpg")] = None
    image_alt: Annotated[str | None, doc("`twitter:image:alt`", "A harbour at dawn")] = None
    player: Annotated[str | None, doc("`twitter:player`", "https://example.com/player")] = None
    app_name: Annotated[str | None, doc("`twitter:app:name:*`, the first one.", "Example")] = None


class PageMeta(Struct, frozen=True):
    """Properties of the page itself: authorship, language, canonical address, icon."""

    author: Annotated[str | None, doc("Name of the author.", "Ada Lovelace")] = None
    keywords: Annotated[tuple[str, ...], doc("Keywords, without repeats.", ["harbours", "ships"])] = ()
    theme_color: Annotated[str | None, doc("CSS colour of the browser's frame.", "#1f5fd0")] = None
    canonical_url: Annotated[
        str | None, doc("Address that the page calls its canonical one.", "https://www.example.com/article")
    ] = None
    favicon: Annotated[
        str | None, doc("Best of `icons`, or the host's `/favicon.ico`.", "https://www.example.com/icon.png")
    ] = None
    language: Annotated[str | None, doc("BCP 47 language tag.", "en")] = None
    charset: Annotated[str | None, doc("Character encoding that the page was read with.", "utf-8")] = None
    robots: Annotated[str | None, doc("`robots` directives.", "noindex")] = None
    generator: Annotated[str | None, doc("Software that made the page.", "Hugo 0.150")] = None
    application_name: Annotated[str | None, doc("Name of the web application.", "Example")] = None


class Article(Struct, frozen=True):
    """Publication data. Times are ISO 8601, with the precision and the zone that the page gives."""

    published_time: Annotated[str | None, doc("Time of publication.", "2026-05-26T10:30:00Z")] = None
    modified_time: Annotated[str | None, doc("Time of the last change.", "2026-05-27")] = None
    author: Annotated[str | None, doc("Name of the article's author.", "Ada Example")] = None
    section: Annotated[str | None, doc("Section of the publication.", "Science")] = None
    tags: Annotated[tuple[str, ...], doc("Tags of the article.", ["harbours"])] = ()


class Icon(Struct, frozen=True):
    """One icon of the page."""

    url: Annotated[str, doc("Absolute URL of the icon.", "https://example.com/icon-192.png")]
    type: Annotated[str | None, doc("Media type as declared.", "image/png")] = None
    sizes: Annotated[str | None, doc("`sizes` as declared.", "192x192")] = None


class Feed(Struct, frozen=True):
    """One feed that the page links to."""

    url: Annotated[str, doc("Absolute URL of the feed.", "https://example.com/feed.xml")]
    type: Annotated[str | None, doc("Media type as declared.", "application/rss+xml")] = None
    title: Annotated[str | None, doc("Title of the feed.", "Example: all articles")] = None


class Content(Struct, frozen=True):
    """The HTTP answer that was read."""

    type: Annotated[str | None, doc("Media type without parameters.", "text/html")] = None
    length: Annotated[int | None, doc("Bytes of the body.", 15230)] = None
    http_status: Annotated[int | None, doc("HTTP status of the answer.", 200)] = None


Kind = Literal["article", "video", "audio", "image", "product", "profile", "document", "website"]
"""Kind of a page or file."""


class Media(Struct, frozen=True):
    """Film or sound that a page is about."""

    duration: Annotated[int | None, doc("Seconds.", 212)] = None
    width: Annotated[int | None, doc("Pixels as declared.", 1280)] = None
    height: Annotated[int | None, doc("Pixels as declared.", 720)] = None
    url: Annotated[str | None, doc("Absolute URL of the file or player.", "https://example.com/film.mp4")] = None
    type: Annotated[str | None, doc("Media type as declared.", "video/mp4")] = None


class Product(Struct, frozen=True):
    """Product that a page is about."""

    price: Annotated[float | None, doc("Price of the first offer, or the lowest of an aggregate.", 19.9)] = None
    currency: Annotated[str | None, doc("ISO 4217 code.", "EUR")] = None
    availability: Annotated[str | None, doc("Name of schema.org's ItemAvailability.", "InStock")] = None
    rating: Annotated[float | None, doc("Mean rating, on the page's own scale.", 4.6)] = None
    review_count: Annotated[int | None, doc("Number of reviews or ratings.", 128)] = None
    brand: Annotated[str | None, doc("Name of the brand.", "Example")] = None


class Embed(Struct, frozen=True):
    """Player of the page, as an `<iframe>` that Pagecard has built."""

    kind: Annotated[Literal["iframe"], doc("Always `iframe`.")]
    url: Annotated[str, doc("Address of the player, https.", "https://player.example.com/1")]
    provider: Annotated[str, doc("Name of the provider in the registry.", "Example")]
    html: Annotated[
        str,
        doc(
            "One sandboxed `<iframe>` and nothing else.",
            '<iframe src="https://player.example.com/1" sandbox="allow-scripts allow-same-origin"></iframe>',
        ),
    ]
    width: Annotated[int | None, doc("Pixels as declared.", 1280)] = None
    height: Annotated[int | None, doc("Pixels as declared.", 720)] = None
    aspect_ratio: Annotated[float | None, doc("Width by height, where both are known.", 1.7778)] = None
    title: Annotated[str | None, doc("Title of the film or sound.", "A film")] = None


class Metadata(Struct, frozen=True):
    """The card of one URL."""

    url: Annotated[str, doc("The URL that was asked.", "https://example.com/article")]
    resolved_url: Annotated[str, doc("The URL that answered, after redirects.", "https://www.example.com/article")]
    title: Annotated[str | None, doc("Best title that the page offers.", "An article")] = None
    description: Annotated[str | None, doc("Best description that the page offers.", "A sentence about it.")] = None
    image: Annotated[str | None, doc("URL of the best picture.", "https://www.example.com/cover.jpg")] = None
    site_name: Annotated[str | None, doc("Name of the site.", "Example")] = None
    type: Annotated[str | None, doc("Type as the page names it.", "article")] = None
    open_graph: Annotated[OpenGraph, doc("What the page says in Open Graph tags.")] = field(default_factory=OpenGraph)
    twitter: Annotated[TwitterCard, doc("What the page says in `twitter:` tags.")] = field(default_factory=TwitterCard)
    meta: Annotated[PageMeta, doc("Properties of the page itself.")] = field(default_factory=PageMeta)
    article: Annotated[Article, doc("Publication data.")] = field(default_factory=Article)
    icons: Annotated[tuple[Icon, ...], doc("Icons that the page declares.")] = ()
    feeds: Annotated[tuple[Feed, ...], doc("Feeds that the page links to.")] = ()
    content: Annotated[Content, doc("The HTTP answer that was read.")] = field(default_factory=Content)
    kind: Annotated[Kind, doc("Kind of the page, for the layout of its card.")] = "website"
    media: Annotated[Media | None, doc("Film or sound of a page of kind `video` or `audio`.")] = None
    product: Annotated[Product | None, doc("Product of a page of kind `product`.")] = None
    embed: Annotated[Embed | None, doc("Player of a provider in the registry, on its own page.")] = None
