"""oEmbed (oembed.com): the endpoint of a page, the fields of its answer, and the card with both.

Rule 1: nothing here makes a call; the caller fetches the endpoint.
Rule 2: an answer fills open fields, and replaces only those that a provider of the table leaves generic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element

import orjson
from lxml import etree
from msgspec.structs import replace

from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.embed import build_embed, player_of_html
from app.metadata.model import Embed, Kind, Metadata
from app.metadata.registry import Registry, shipped_registry
from app.metadata.scrub import scrub
from app.metadata.values import absolute_url, clean, first, first_of

MAX_OEMBED = 64 * 1024
"""Bytes of an answer, and of its fields."""

_FIELDS = (
    "type", "version", "title", "author_name", "author_url", "provider_name", "provider_url", "cache_age",
    "thumbnail_url", "thumbnail_width", "thumbnail_height", "url", "width", "height", "html", "description",
)  # fmt: skip
_TYPES = (("application/json+oembed", "text/json+oembed"), ("text/xml+oembed", "application/xml+oembed"))


@dataclass(frozen=True, slots=True)
class Provider:
    """Pages of `hosts` with `paths`, and the `endpoint` that takes the URL of a page at its end."""

    hosts: tuple[str, ...]
    paths: re.Pattern[str]
    endpoint: str


def _provider(hosts: str, paths: str, endpoint: str) -> Provider:
    return Provider(tuple(hosts.split()), re.compile(paths), endpoint)


PROVIDERS = (
    _provider("youtube.com m.youtube.com music.youtube.com youtu.be",
              r"/(?:watch|shorts/|live/|playlist|embed/|v/|[\w-]{11}$)",
              "https://www.youtube.com/oembed?format=json&url="),
    _provider("vimeo.com player.vimeo.com", r"/(?:.*/)?\d+", "https://vimeo.com/api/oembed.json?url="),
    _provider("twitter.com x.com mobile.twitter.com", r"/\w+/status(?:es)?/\d+", "https://publish.twitter.com/oembed?url="),
    _provider("tiktok.com m.tiktok.com", r"/@[^/]+/(?:video|photo)/\d+", "https://www.tiktok.com/oembed?url="),
    _provider("open.spotify.com", r"/(?:intl-\w+/)?(?:track|album|artist|playlist|episode|show)/",
              "https://open.spotify.com/oembed?url="),
    _provider("soundcloud.com m.soundcloud.com on.soundcloud.com", r"/.+", "https://soundcloud.com/oembed?format=json&url="),
    _provider("flickr.com flic.kr", r"/(?:photos/|p/)", "https://www.flickr.com/services/oembed/?format=json&url="),
    _provider("reddit.com old.reddit.com", r"/(?:r|u|user)/[^/]+/comments/", "https://www.reddit.com/oembed?url="),
    _provider("dailymotion.com dai.ly", r"/(?:video/|\w{6,}$)", "https://www.dailymotion.com/services/oembed?format=json&url="),
    _provider("bsky.app", r"/profile/[^/]+/post/", "https://embed.bsky.app/oembed?url="),
)  # fmt: skip
"""Providers that answer data centres with a generic page.

Instagram and Facebook are left out: their endpoints want a token of the caller.
"""

_GENERIC_TITLES = re.compile(
    r"(?:-\s*)?(?:youtube|vimeo|tiktok(?: - make your day)?|x|twitter|x\. it.s what.s happening"
    r"|spotify(?: [-–] .*)?|soundcloud(?: - .*)?|flickr|reddit(?: - .*)?|dailymotion|bluesky)$",
    re.IGNORECASE,
)


def _provider_of(url: str) -> Provider | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    return next((p for p in PROVIDERS if host in p.hosts and p.paths.match(parts.path)), None)


def needs_oembed(document: Document) -> bool:
    """Whether the page comes from a provider whose pages are generic."""
    return _provider_of(document.page.final_url) is not None or _provider_of(document.page.url) is not None


@dataclass(frozen=True, slots=True)
class Oembed:
    """An answer: its fields, whose `html` is that of `player`, and the player built from it."""

    fields: dict[str, Any]
    player: Embed | None = None


@contained("oembed", nothing)
def find_oembed(document: Document, registry: Registry | None = None) -> str | None:
    """Find the oEmbed endpoint of a page: its own link (JSON before XML), or the provider's."""
    url, final_url = document.page.url, document.page.final_url
    return (
        first_of(_discover(document, types) for types in _TYPES)
        or _ask_provider(final_url)
        or _ask_provider(url)
        or (registry or shipped_registry()).endpoint_for(final_url)
    )


def owned_url(document: Document, endpoint: str) -> str:
    """URL whose provider must own the player: the final one, or the asked one where `endpoint` is its provider's."""
    page = document.page
    return page.url if endpoint == _ask_provider(page.url) else page.final_url


def _discover(document: Document, types: tuple[str, ...]) -> str | None:
    for rels, link in document.links:
        kind = link.get("type", "").split(";")[0].strip().lower()
        # "alternative" is what Flickr and others write
        if rels & {"alternate", "alternative"} and kind in types and (url := document.resolve(link["href"])):
            return url
    return None


def _ask_provider(url: str) -> str | None:
    provider = _provider_of(url)
    return provider.endpoint + quote(url, safe="") if provider else None


@contained("oembed", nothing)
def read_oembed(body: bytes, base_url: str = "", page_url: str = "", registry: Registry | None = None) -> Oembed | None:
    """Read an oEmbed answer, JSON or XML, scrubbed and capped; None if it is none.

    `base_url` is the URL of the endpoint, `page_url` that of the page, whose provider must own the player.
    """
    body = body.strip()
    if len(body) > MAX_OEMBED:
        return None
    raw = _read_xml(body) if body.startswith(b"<") else _read_json(body)
    if not isinstance(raw, dict) or "type" not in raw:
        return None
    fields = {name: raw[name] for name in _FIELDS if isinstance(raw.get(name), str | int | float)}
    for name in ("author_url", "provider_url", "thumbnail_url", "url"):
        if name in fields:
            fields[name] = absolute_url(str(fields[name]), base_url)
    player = _player(fields, base_url, page_url, registry or shipped_registry()) if "html" in fields else None
    if "html" in fields:
        fields["html"] = player.html if player else None
    return Oembed(scrub(fields), player)


def _player(fields: dict[str, Any], base_url: str, page_url: str, registry: Registry) -> Embed | None:
    title = clean(_string(fields.get("title")))
    declared = player_of_html(str(fields["html"]), base_url, title, fields.get("width"), fields.get("height"))
    return build_embed(declared, page_url, registry)


def _read_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _read_xml(body: bytes) -> dict[str, str] | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root: Element | None = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None
    return {str(child.tag): child.text or "" for child in root[:100]} if root is not None else None


_KINDS: dict[str, Kind] = {"video": "video", "photo": "image"}
"""Kinds of pages by the type of their oEmbed answer (oembed.com, 2.3.4)."""


def _kind(oembed: dict[str, Any]) -> Kind | None:
    return _KINDS.get(_string(oembed.get("type")) or "")


def with_oembed(metadata: Metadata, oembed: Oembed, *, needed: bool) -> Metadata:
    """Take the player of an answer; where the page `needed` it, fill open fields and replace a generic title."""
    filled = _filled(metadata, oembed.fields) if needed else metadata
    return replace(filled, embed=oembed.player or metadata.embed)


def _filled(metadata: Metadata, oembed: dict[str, Any]) -> Metadata:
    title = clean(_string(oembed.get("title")))
    author = clean(_string(oembed.get("author_name")))
    generic = not metadata.title or bool(_GENERIC_TITLES.match(metadata.title))
    thumbnail = _string(oembed.get("thumbnail_url"))
    return replace(
        metadata,
        title=title if generic and title else metadata.title,
        description=None if generic and title else metadata.description,
        image=thumbnail if thumbnail and (generic or not metadata.image) else metadata.image,
        site_name=first(metadata.open_graph.site_name, clean(_string(oembed.get("provider_name"))), metadata.site_name),
        meta=replace(metadata.meta, author=metadata.meta.author or author),
        article=replace(metadata.article, author=metadata.article.author or author),
        kind=_kind(oembed) or metadata.kind if metadata.kind == "website" else metadata.kind,
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
