"""`GET /v1/read`: the main content of a page as a Markdown document, or in the envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson
from flask import Blueprint, Response

from app.api.auth import authorised
from app.api.envelope import JSON, success
from app.api.extraction import card_meta, find_card, read_options, read_url_query, with_validator
from app.api.openapi import CONDITIONAL, Answer, Operation, described
from app.api.read_responses import ReadAnswer, Reading
from app.api.requests import ReadQuerySchema
from app.api.responses import MainContent
from app.api.state import Caller, current_request
from app.cards import render_head
from app.errors import MissingUrl, Overloaded, QuotaExceeded, TargetError, UnsupportedContent, leaves

blueprint = Blueprint("read", __name__)

QUERY = ReadQuerySchema()
MARKDOWN = "text/markdown"


@blueprint.get("/v1/read")
@described(
    Operation(
        tag="Extract",
        query=QUERY,
        answers={
            200: Answer(
                "The main content: a Markdown document, or JSON where `Accept` prefers `application/json`.",
                ReadAnswer,
                texts=(MARKDOWN,),
                text_example="# An article\n\nAda Example · 2026-05-26\n\n<https://example.com/article>\n\nThe text.\n",
            ),
            304: Answer("The client's copy is current."),
        },
        headers=CONDITIONAL,
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised()
def read(caller: Caller) -> Response:
    """Read the main content of a page as Markdown.

    A long text comes in parts of `max_chars` characters: the header `Link` (`rel="next"`), or `next_start`, leads to
    the next. The head of title, author, date and address comes before the first part alone.
    """
    asked = read_url_query(QUERY)
    options = read_options(asked, ("markdown",), links=asked["links"], images=asked["images"])
    outcome = find_card(caller, asked["url"], options)
    card = orjson.loads(outcome.data)
    if card["markdown"] is None:
        raise UnsupportedContent("The target is no HTML, and has no text to read", reason="type")
    reading = _reading(card, asked)
    if current_request().accept_mimetypes.best_match([MARKDOWN, JSON]) == JSON:
        encoded = msgspec.json.encode(reading)
        response, content = success(encoded, meta=card_meta(outcome)), encoded
    else:
        text = (render_head(card) if reading.start == 0 else "") + reading.markdown
        response, content = Response(text, content_type=f"{MARKDOWN}; charset=utf-8"), text.encode()
    if reading.next_start is not None:
        response.headers["Link"] = f'<{_next(reading.next_start)}>; rel="next"'
    response.vary.add("Accept")
    return with_validator(response, content, outcome, asked)


def _reading(card: Mapping[str, Any], asked: Mapping[str, Any]) -> Reading:
    text, start = card["markdown"], asked["start"]
    end = start + asked["max_chars"]
    return Reading(
        url=card["url"],
        resolved_url=card["resolved_url"],
        title=card["title"],
        author=card["article"]["author"] or card["meta"]["author"],
        published_time=card["article"]["published_time"],
        markdown=text[start:end],
        main_content=msgspec.convert(card["main_content"], MainContent),
        start=start,
        next_start=end if end < len(text) else None,
        total_chars=len(text),
    )


def _next(start: int) -> str:
    """Address of the next part, relative to this one (RFC 8288, section 3.1)."""
    asked = {name: value for name, value in current_request().args.items() if name != "api_key"}
    return "?" + urlencode(asked | {"start": str(start)})
