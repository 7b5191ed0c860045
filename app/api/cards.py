"""`GET /v1/card`: the card of one URL as HTML, for feeds, Markdown, e-mail and pages without JavaScript."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from app.api.auth import authorised
from app.api.extraction import find_card, read_options, read_url_query, with_validator
from app.api.openapi import CONDITIONAL, Answer, Operation, described
from app.api.requests import HtmlQuerySchema
from app.api.state import Caller, current_request
from app.cards import render_card
from app.errors import MissingUrl, Overloaded, QuotaExceeded, TargetError, leaves

blueprint = Blueprint("cards", __name__)

QUERY = HtmlQuerySchema()
HTML = "text/html"
SHOWN = frozenset(("image_info",))  # the picture through the proxy

# For whoever opens the answer itself: texts of a stranger on our origin, where nothing may run.
POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox"


@blueprint.get("/v1/card")
@described(
    Operation(
        tag="Extract",
        query=QUERY,
        answers={
            200: Answer(
                "The card: one `<table>` with inline styles, in one line, without script.",
                texts=(HTML,),
                text_example='<table class="pagecard" role="presentation"><tr><td>…</td></tr></table>',
            ),
            304: Answer("The client's copy is current."),
        },
        headers=CONDITIONAL,
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised(publishable=True)
def card_as_html(caller: Caller) -> Response:
    """Turn one URL into a card as HTML."""
    asked = read_url_query(QUERY)
    outcome = find_card(caller, asked["url"], read_options(asked, SHOWN))
    html = render_card(orjson.loads(outcome.data), current_request().url_root)
    response = Response(html, mimetype=HTML)
    response.headers["Content-Security-Policy"] = POLICY
    return with_validator(response, html.encode(), outcome, asked)
