"""Values of the API as dataclasses. `/openapi.json` describes each field. Unknown is None or an empty list.

A field of a newer service than this client is in `raw`, the JSON as it came.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One picture, film or sound of Open Graph."""

    url: str
    secure_url: str | None = None
    type: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class OpenGraph:
    """Open Graph tags of a page."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    url: str | None = None
    type: str | None = None
    site_name: str | None = None
    locale: str | None = None
    images: list[MediaFile] = field(default_factory=list)
    videos: list[MediaFile] = field(default_factory=list)
    audio: list[MediaFile] = field(default_factory=list)
    locale_alternate: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TwitterCard:
    """`twitter:` tags of a page."""

    card: str | None = None
    site: str | None = None
    creator: str | None = None
    title: str | None = None
    description: str | None = None
    image: str | None = None
    image_alt: str | None = None
    player: str | None = None
    app_name: str | None = None


@dataclass(frozen=True, slots=True)
class PageMeta:
    """Properties of a page itself."""

    author: str | None = None
    keywords: list[str] = field(default_factory=list)
    theme_color: str | None = None
    canonical_url: str | None = None
    favicon: str | None = None
    language: str | None = None
    charset: str | None = None
    robots: str | None = None
    generator: str | None = None
    application_name: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """Publication data."""

    published_time: str | None = None
    modified_time: str | None = None
    author: str | None = None
    section: str | None = None
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Icon:
    """One icon of a page."""

    url: str
    type: str | None = None
    sizes: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of a page."""

    url: str
    type: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The HTTP answer of a page."""

    type: str | None = None
    length: int | None = None
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """Film or sound that a page is about. `duration`: seconds."""

    duration: int | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """Product that a page is about."""

    price: float | None = None
    currency: str | None = None
    availability: str | None = None
    rating: float | None = None
    review_count: int | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Source of one field. `others`: parts of the page that say otherwise, each `{"from", "value"}`."""

    from_: str | None = None
    value: str | None = None
    others: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Card:
    """What a page says of itself. The last fields are filled with `include` alone."""

    url: str
    resolved_url: str
    title: str | None = None
    description: str | None = None
    image: str | None = None
    site_name: str | None = None
    type: str | None = None
    kind: str = "website"
    open_graph: OpenGraph = field(default_factory=OpenGraph)
    twitter: TwitterCard = field(default_factory=TwitterCard)
    meta: PageMeta = field(default_factory=PageMeta)
    article: Article = field(default_factory=Article)
    icons: list[Icon] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)
    content: Content = field(default_factory=Content)
    media: Media | None = None
    product: Product | None = None
    embed: dict[str, Any] | None = None
    json_ld: list[Any] | None = None
    microdata: list[Any] | None = None
    oembed: dict[str, Any] | None = None
    sources: dict[str, Source] | None = None
    markdown: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TargetError:
    """Reason for a missing card."""

    code: str
    message: str
    retryable: bool
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of one URL: either `card` or `error` is None. `index`: place of the URL in those that were given."""

    index: int
    url: str
    success: bool
    card: Card | None = None
    error: TargetError | None = None
    cache_hit: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Text of a page."""

    markdown: str
    title: str | None = None
    url: str | None = None
    main_content: dict[str, Any] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a plan. None is no limit."""

    batch_limit: int
    per_minute: int | None = None
    burst: int | None = None
    per_month: int | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Usage of the current month."""

    month: str
    urls: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Plan of the key, its limits and its usage."""

    plan: str
    limits: Limits
    used: Used


def build(kind: type[Value], data: Any) -> Value:
    """Make a dataclass of JSON. Fields that it does not know are left to `raw`."""
    value: Value = _build(kind, data)
    return value


def _build(kind: Any, data: Any) -> Any:
    if data is None:
        return None
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _build(inner[0], data)
    if origin is list:
        return [_build(inner[0], each) for each in data]
    if origin is dict:
        return {name: _build(inner[1], each) for name, each in data.items()}
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return data
    known = {name: _build(hint, data[key]) for name, key, hint in _fields(kind) if key in data}
    return kind(**({"raw": data} if any(each.name == "raw" for each in fields(kind)) else {}), **known)


@cache
def _fields(kind: Any) -> list[tuple[str, str, Any]]:
    """Name, JSON key and type of each field."""
    hints = get_type_hints(kind)
    return [(each.name, each.name.rstrip("_"), hints[each.name]) for each in fields(kind) if each.name != "raw"]
