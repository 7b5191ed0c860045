"""The contract of the answer of `GET /v1/read` as JSON."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from app.api.responses import COUNT, CardMeta, MainContent
from app.api.schema import constant, doc


class Reading(Struct, frozen=True, kw_only=True):
    """Main content of a page, or a part of it."""

    url: Annotated[str, doc("The URL that was asked.", "https://example.com/article")]
    resolved_url: Annotated[str, doc("The URL that answered, after redirects.", "https://example.com/article")]
    title: Annotated[str | None, doc("Title of the page.", "An article")]
    author: Annotated[str | None, doc("Name of the author.", "Ada Example")]
    published_time: Annotated[str | None, doc("Time of publication.", "2026-05-26T10:30:00Z")]
    markdown: Annotated[str, doc("Text from `start` on, as CommonMark with tables.", "# An article")]
    main_content: Annotated[MainContent, doc("Facts of the main content.")]
    start: Annotated[int, doc("Character of the text that `markdown` begins with.", 0, **COUNT)]
    next_start: Annotated[int | None, doc("`start` of the next part; null at the end.", 100000, **COUNT)]
    total_chars: Annotated[int, doc("Characters of the whole text.", 120000, **COUNT)]


class ReadAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/read` as JSON."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Reading, doc("The main content.")]
    meta: Annotated[CardMeta, doc("Facts of the request and of the card.")]
