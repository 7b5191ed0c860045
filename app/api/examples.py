"""Example answers for the OpenAPI document, made of the Structs that are encoded."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct, json
from msgspec.structs import asdict

from app.api.responses import (
    REQUEST_ID,
    Batch,
    BatchAnswer,
    Card,
    CardAnswer,
    CardMeta,
    Failure,
    Meta,
    Success,
    Summary,
    TargetError,
)
from app.errors import TargetUnreachable
from app.metadata.model import Content, Icon, Metadata, OpenGraph, OpenGraphMedia, PageMeta

_COVER = "https://www.example.com/cover.jpg"

_CARD = Metadata(
    url="https://example.com/article",
    resolved_url="https://www.example.com/article",
    title="An article",
    description="A sentence that says what the article is about.",
    image=_COVER,
    site_name="Example",
    type="article",
    open_graph=OpenGraph(title="An article", images=(OpenGraphMedia(_COVER, width=1200, height=630),)),
    meta=PageMeta(favicon="https://www.example.com/icon.png", language="en", charset="utf-8"),
    icons=(Icon("https://www.example.com/icon.png", "image/png", "192x192"),),
    content=Content("text/html", 15230, 200),
)

_FAILURE = TargetError(
    code=TargetUnreachable.code, message=TargetUnreachable.message, retryable=TargetUnreachable.retryable
)

_META = Meta(request_id=REQUEST_ID, response_time_ms=1_245)

_CARD_META = CardMeta(
    request_id=REQUEST_ID, response_time_ms=12, cache_hit=True, cache_ttl=3_600, fetched_at="2026-05-26T10:30:00Z"
)

_RESULTS = (
    Success(url="https://example.com/article", success=True, data=_CARD, cache_hit=True),
    Failure(url="https://invalid-url.xyz", success=False, error=_FAILURE),
)


def _as_json(answer: Struct) -> Any:
    return json.decode(json.encode(answer))


CARD = _as_json(CardAnswer(success=True, data=Card(**asdict(_CARD)), meta=_CARD_META))

BATCH = _as_json(
    BatchAnswer(
        success=True,
        data=Batch(
            results=[Raw(json.encode(result)) for result in _RESULTS],
            summary=Summary(total=2, successful=1, failed=1),
        ),
        meta=_META,
    )
)
