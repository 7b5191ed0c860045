"""`GET /v1/favicon`: the icons of a page, and the best match for a size."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from app.api.auth import authorised
from app.api.envelope import success
from app.api.extraction import find_card, read_url_query
from app.api.openapi import Answer, Operation, described
from app.api.requests import FaviconQuerySchema
from app.api.responses import Favicon, FaviconAnswer, FaviconIcon, FaviconMatch
from app.api.state import Caller
from app.errors import MissingUrl, Overloaded, QuotaExceeded, TargetError, leaves
from app.extractor import Options
from app.metadata.icon_choice import choose_icon, edge
from app.metadata.model import Icon, Metadata

blueprint = Blueprint("favicon", __name__)

QUERY = FaviconQuerySchema()
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
    outcome = find_card(caller, asked["url"], Options())
    card = msgspec.json.decode(outcome.data, type=Metadata)
    return success(msgspec.json.encode(_favicon(card, asked["size"])))


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
