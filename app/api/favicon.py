"""`GET /v1/favicon` and `/v1/favicon/image`: the icons of a page, the best match for a size, and its picture."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from app.api.auth import authorised
from app.api.envelope import success
from app.api.extraction import find_card, read_url_query
from app.api.images import KINDS, show
from app.api.openapi import Answer, Operation, described
from app.api.requests import FaviconImageQuerySchema, FaviconQuerySchema
from app.api.responses import Favicon, FaviconAnswer, FaviconIcon, FaviconMatch
from app.api.state import Caller, services
from app.errors import MissingUrl, NotFound, Overloaded, QuotaExceeded, TargetError, leaves
from app.extractor import Options
from app.images.kinds import SVG
from app.images.letter import draw_letter
from app.images.options import ImageOptions
from app.images.proxy import Picture, make_picture
from app.metadata.icon_choice import choose_icon, edge
from app.metadata.model import Icon, Metadata

blueprint = Blueprint("favicon", __name__)

QUERY = FaviconQuerySchema()
IMAGE_QUERY = FaviconImageQuerySchema()
ICON_CACHE = "private, max-age=86400"  # the address stays where a site changes its icon
DECLARED, DEFAULT = "link", "default"


@blueprint.get("/v1/favicon")
@described(
    Operation(
        tag="Extract",
        query=QUERY,
        answers={200: Answer("The icons of the page.", FaviconAnswer)},
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised()
def find_favicon(caller: Caller) -> Response:
    """Find the icons of a page, and the best match for a size.

    A page without icons has the `/favicon.ico` of its host, which may not exist.
    """
    asked = read_url_query(QUERY)
    return success(msgspec.json.encode(_favicon(_card(caller, asked["url"]), asked["size"])))


@blueprint.get("/v1/favicon/image")
@described(
    Operation(
        tag="Images",
        query=IMAGE_QUERY,
        answers={200: Answer("The icon, or a tile with a letter as SVG.", pictures=KINDS)},
        errors=(MissingUrl, NotFound, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised(publishable=True)
def favicon_image(caller: Caller) -> Response:
    """Show the icon of a page, through the image proxy.

    A page without an icon that can be shown, or that cannot be read, has a tile with the first letter of its host;
    with `fallback=404` such a page is not found.
    """
    asked = read_url_query(IMAGE_QUERY)
    url, size = asked["url"], asked["size"]
    picture = _icon(caller, url, size)
    if picture is None and asked["fallback"] == "404":
        raise NotFound("This page has no icon that can be shown")
    return show(picture or make_picture(draw_letter(url, size), SVG), ICON_CACHE)


def _icon(caller: Caller, url: str, size: int) -> Picture | None:
    """Bring the icon of a page; None without one. Raises InvalidUrls, QuotaExceeded, Overloaded."""
    try:
        best = _favicon(_card(caller, url), size).best_match
    except TargetError:
        return None
    picture = services().images.proxy.get(best.url, str(ImageOptions(width=size, height=size))) if best else None
    return picture if picture and picture.status == 200 else None


def _card(caller: Caller, url: str) -> Metadata:
    return msgspec.json.decode(find_card(caller, url, Options()).data, type=Metadata)


def _favicon(card: Metadata, size: int) -> Favicon:
    declared = tuple(
        FaviconIcon(url=each.url, type=each.type, sizes=each.sizes, source=DECLARED) for each in card.icons
    )
    best = choose_icon(card.icons, size) or (Icon(card.meta.favicon) if card.meta.favicon else None)
    return Favicon(
        url=card.url,
        icons=declared or _default_of(card),
        best_match=FaviconMatch(url=best.url, size=edge(best, size)) if best else None,
        favicon=card.meta.favicon,
    )


def _default_of(card: Metadata) -> tuple[FaviconIcon, ...]:
    url = card.meta.favicon
    return (FaviconIcon(url=url, type=None, sizes=None, source=DEFAULT),) if url else ()
