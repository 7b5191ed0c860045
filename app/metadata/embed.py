"""Players: an `<iframe>` of a known provider on its own page, built from checked parts.

Rule 1: markup of a provider is never passed on; scripts, event attributes and `srcdoc` have no way through.
Rule 2: one provider of the registry owns the page and the player; any other player is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from app.metadata import jsonld
from app.metadata.containment import contained, nothing
from app.metadata.document import Document
from app.metadata.html.table import START, read_table
from app.metadata.kind import AUDIO_TYPES, VIDEO_TYPES
from app.metadata.model import Embed, OpenGraph
from app.metadata.registry import Registry
from app.metadata.values import absolute_url

MAX_SIDE = 10_000
"""Pixels of a side; a larger one is left out."""

MAX_TITLE = 300
"""Characters of a player's title."""

FEATURES = ("autoplay", "clipboard-write", "encrypted-media", "fullscreen", "picture-in-picture", "web-share")
"""Features of the Permissions Policy that a player may ask for."""

OF_TAGS = ("autoplay", "encrypted-media", "fullscreen", "picture-in-picture")
"""Features of a player that a page names in its tags, where it cannot ask for any."""

SANDBOX = "allow-scripts allow-same-origin allow-popups allow-presentation"


@dataclass(frozen=True, slots=True)
class Player:
    """Player as a page or a provider declares it: nothing of it is checked yet."""

    url: str | None
    title: str | None
    width: Any
    height: Any
    features: tuple[str, ...] = OF_TAGS


def player_of_html(html: str, base_url: str, title: str | None, width: Any, height: Any) -> Player:
    """Read the lone `<iframe>` in the `html` of an oEmbed answer; any other markup has no player.

    `base_url` is the URL of the endpoint; title and sides are those of the answer.
    """
    attributes = _lone_iframe(html)
    return Player(
        url=absolute_url(attributes.get("src"), base_url),
        title=title or attributes.get("title"),
        width=attributes.get("width") or width,
        height=attributes.get("height") or height,
        features=_features(attributes),
    )


@contained("embed", nothing)
def read_embed(document: Document, og: OpenGraph, title: str | None, registry: Registry) -> Embed | None:
    """Read the player that a page of a known provider names in its own tags."""
    page_url = document.page.final_url
    if not registry.owners(page_url):
        return None
    built = (build_embed(player, page_url, registry) for player in _declared(document, og, title))
    return next(filter(None, built), None)


def build_embed(player: Player, page_url: str, registry: Registry) -> Embed | None:
    """Build the `<iframe>` of a player; None of a player without https, and of one that is not its page's own."""
    url, provider = player.url, player.url and registry.owner_of_both(page_url, player.url)
    if not url or not provider or not _is_plain_https(url):
        return None
    title, width, height = (player.title or "")[:MAX_TITLE] or None, _side(player.width), _side(player.height)
    return Embed(
        kind="iframe",
        url=url,
        provider=provider.provider_name,
        html=_iframe(url, title, width, height, player.features),
        width=width,
        height=height,
        aspect_ratio=round(width / height, 4) if width and height else None,
        title=title,
    )


def _declared(document: Document, og: OpenGraph, title: str | None) -> Iterator[Player]:
    """Players of Twitter's card, of Open Graph as HTML, and of schema.org's `embedUrl`."""
    sides = document.meta("twitter:player:width"), document.meta("twitter:player:height")
    yield Player(document.meta_url("twitter:player"), title, *sides)
    for media in (*og.videos, *og.audio):
        if media.type == "text/html":
            yield Player(media.secure_url or media.url, title, media.width, media.height)
    for node in jsonld.of_types(document.json_ld.nodes, VIDEO_TYPES | AUDIO_TYPES):
        url = document.resolve(jsonld.text_of(node.get("embedUrl")))
        yield Player(url, title, jsonld.text_of(node.get("width")), jsonld.text_of(node.get("height")))


def _lone_iframe(html: str) -> dict[str, str]:
    """Attributes of a lone `<iframe>`; none of any other markup."""
    table = read_table(html.encode("utf-8", "replace"))
    rows = [row for row in range(len(table)) if table.kind(row) == START or table.run(row).strip()]
    return table.attributes(rows[0]) if [*map(table.name, rows)] == ["iframe"] else {}


def _is_plain_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and parts.port in (None, 443)


def _iframe(url: str, title: str | None, width: int | None, height: int | None, features: tuple[str, ...]) -> str:
    built = {
        "src": url,
        "width": width,
        "height": height,
        "title": title,
        "allow": "; ".join(features),
        "sandbox": SANDBOX,
        "loading": "lazy",
        "referrerpolicy": "strict-origin-when-cross-origin",
    }
    told = " ".join(f'{name}="{escape(str(value))}"' for name, value in built.items() if value)
    return f"<iframe {told}></iframe>"


def _features(attributes: dict[str, str]) -> tuple[str, ...]:
    asked = {directive.split()[0].lower() for directive in attributes.get("allow", "").split(";") if directive.strip()}
    if "allowfullscreen" in attributes:
        asked.add("fullscreen")
    return tuple(feature for feature in FEATURES if feature in asked)


def _side(value: Any) -> int | None:
    """Read pixels: a number, or text such as `480px`; None of anything else, percents among it."""
    digits = str(value).strip().removesuffix("px").removesuffix(".0")
    is_side = digits.isascii() and digits.isdigit() and len(digits) < 6 and 0 < int(digits) <= MAX_SIDE
    return int(digits) if is_side else None
