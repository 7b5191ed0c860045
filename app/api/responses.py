"""The contract of answers: Structs that are encoded, and from which the OpenAPI document is made.

Results of a batch are joined from bytes that the cache holds; their Structs document those bytes, and the tests
validate every answer against them.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Raw, Struct, UnsetType, field

from app import errors
from app.api.schema import Json, component, constant, doc, one_of, ref
from app.images.facts import ImageInfo
from app.metadata.model import Metadata
from app.validation import Validation

COUNT = {"minimum": 0}
MOMENT = {"format": "date-time"}
REQUEST_ID = "req_4f1c2ab09d3e5f6a7b8c9d0e"

# Cards ------------------------------------------------------------------------------------------------------------


class Meta(Struct, frozen=True, kw_only=True):
    """Facts of the request."""

    request_id: Annotated[str, doc("Id of the request, as in `X-Request-Id`.", REQUEST_ID)]
    response_time_ms: Annotated[int, doc("Milliseconds until the answer was ready.", 12, **COUNT)]


class CardMeta(Meta, frozen=True, kw_only=True):
    """Facts of the request, and of the card's age."""

    cache_hit: Annotated[bool, doc("Whether the card came from the cache.")]
    stale: Annotated[bool | UnsetType, doc("True for a card that is older than asked for.", const=True)] = UNSET
    cache_ttl: Annotated[int, doc("Seconds that the card stays in the cache.", 3600, **COUNT)]
    fetched_at: Annotated[str, doc("Time at which the page was read, UTC.", "2026-05-26T10:30:00Z", **MOMENT)]


class OtherSource(Struct, frozen=True, kw_only=True):
    """A part of the page that says otherwise."""

    from_: Annotated[str, doc("Name of the source.", "title")] = field(name="from")
    value: Annotated[str, doc("What it says.", "An article - Example")]


class Source(Struct, frozen=True, kw_only=True):
    """Source of one field."""

    from_: Annotated[str | None, doc("Name of the source, `page` for its text; null without a value.", "og:title")] = (
        field(name="from")
    )
    value: Annotated[str | None, doc("Value of the field.", "An article")]
    others: Annotated[list[OtherSource], doc("Parts of the page that say otherwise.")]


class MainContent(Struct, frozen=True, kw_only=True):
    """Facts of the main content of a page."""

    found: Annotated[bool, doc("Whether a main content was found; else `markdown` is the whole page.")]
    kind: Annotated[str, doc("Kind of the page.", "article")]
    words: Annotated[int, doc("Words of the whole text.", 850, **COUNT)]
    reading_minutes: Annotated[int, doc("Minutes of silent reading, at least 1.", 4, minimum=1)]
    truncated: Annotated[bool, doc("Whether the text was cut at the server's limit.")]
    hidden_passages: Annotated[int, doc("Passages left out that no reader sees.", 0, **COUNT)]


class Card(Metadata, frozen=True, kw_only=True):
    """Card of a URL, with the included blocks. Unknown is null or an empty list."""

    image_info: Annotated[
        ImageInfo | UnsetType | None,
        doc("Facts of the picture, with `include=image_info`; null where none could be read in time."),
    ] = UNSET
    json_ld: Annotated[
        list[Any] | UnsetType, doc("JSON-LD of the page, with `include=json_ld`.", [{"@type": "Article"}])
    ] = UNSET
    microdata: Annotated[
        list[Any] | UnsetType, doc("Microdata of the page, with `include=microdata`.", [{"type": "Article"}])
    ] = UNSET
    oembed: Annotated[
        dict[str, Any] | UnsetType | None,
        doc("oEmbed answer of the page's provider, with `include=oembed`.", {"type": "link", "version": "1.0"}),
    ] = UNSET
    sources: Annotated[
        dict[str, Source] | UnsetType | None, doc("Source of each main field, with `include=sources`; null for a file.")
    ] = UNSET
    markdown: Annotated[
        str | UnsetType | None,
        doc("Main content as CommonMark with tables, with `include=markdown`; null for a file.", "# An article"),
    ] = UNSET
    main_content: Annotated[
        MainContent | UnsetType | None, doc("Facts of the main content, with `include=markdown`; null for a file.")
    ] = UNSET


class TargetDetails(Struct, frozen=True, kw_only=True):
    """Facts of a target's failure."""

    http_status: Annotated[int | UnsetType, doc("HTTP status that the target answered with.", 404)] = UNSET
    reason: Annotated[str | UnsetType, doc("Cause, as a word of a closed list.", "dns")] = UNSET
    retry_after: Annotated[int | UnsetType, doc("Seconds that the target asks to wait.", 60)] = UNSET


class TargetError(Struct, frozen=True, kw_only=True):
    """Reason for a missing card."""

    code: Annotated[str, one_of((leaf.code for leaf in errors.leaves(errors.TargetError)), "Machine-readable code.")]
    message: Annotated[str, doc("Sentence for people.", "Could not reach the target URL")]
    retryable: Annotated[bool, doc("Whether the same request may succeed later.")]
    details: Annotated[TargetDetails | UnsetType, doc("Facts of the failure, where there are any.")] = UNSET


class Success(Struct, frozen=True, kw_only=True):
    """A URL that has a card."""

    url: Annotated[str, doc("The URL as it was sent.", "https://github.com")]
    success: Annotated[bool, constant(True)]
    data: Annotated[Any, component("Card", "The card.")]
    cache_hit: Annotated[bool, doc("Whether the card came from the cache.")]
    stale: Annotated[bool | UnsetType, doc("True for a card that is older than asked for.", const=True)] = UNSET


class Failure(Struct, frozen=True, kw_only=True):
    """A URL that has no card."""

    url: Annotated[str, doc("The URL as it was sent.", "https://invalid-url.xyz")]
    success: Annotated[bool, constant(False)]
    error: Annotated[TargetError, doc("Reason of the failure.")]


Result = Annotated[Raw, component("Result", "Outcome of one URL.")]


class Summary(Struct, frozen=True, kw_only=True):
    """Counts of a batch."""

    total: Annotated[int, doc("URLs that were sent.", 2, **COUNT)]
    successful: Annotated[int, doc("URLs that have a card.", 1, **COUNT)]
    failed: Annotated[int, doc("URLs that have none.", 1, **COUNT)]


class Batch(Struct, frozen=True, kw_only=True):
    """One result for each URL, in the order of the request."""

    results: Annotated[
        list[Annotated[Raw, component("Result", "Outcome of one URL.")]], doc("Results in the order of `urls`.")
    ]
    summary: Annotated[Summary, doc("Counts of the batch.")]


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `POST /v1/extract/batch`."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Batch, doc("Results and their counts.")]
    meta: Annotated[Meta, doc("Facts of the request.")]


class StreamedSuccess(Success, frozen=True, kw_only=True):
    """A line of a streamed batch: a URL that has a card."""

    index: Annotated[int, doc("Place of the URL in `urls`, from 0.", 0, **COUNT)]


class StreamedFailure(Failure, frozen=True, kw_only=True):
    """A line of a streamed batch: a URL that has no card."""

    index: Annotated[int, doc("Place of the URL in `urls`, from 0.", 0, **COUNT)]


class StreamEnd(Struct, frozen=True, kw_only=True):
    """Last line of a streamed batch. A stream without it was cut off."""

    summary: Annotated[Summary, doc("Counts of the batch.")]
    meta: Annotated[Meta, doc("Facts of the request.")]


class CardAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/extract`."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Card, doc("The card.")]
    meta: Annotated[CardMeta, doc("Facts of the request and of the card.")]


class FaviconIcon(Struct, frozen=True, kw_only=True):
    """An icon of a page."""

    url: Annotated[str, doc("Absolute URL of the icon.", "https://example.com/icon-32.png")]
    type: Annotated[str | None, doc("Media type as declared.", "image/png")]
    sizes: Annotated[str | None, doc("`sizes` as declared.", "32x32")]
    source: Annotated[str, one_of(("link", "default"), "`link` of the page, or `/favicon.ico` by default.")]


class FaviconMatch(Struct, frozen=True, kw_only=True):
    """The icon that suits the wanted size."""

    url: Annotated[str, doc("Absolute URL of the icon.", "https://example.com/icon-32.png")]
    size: Annotated[int | None, doc("Declared edge in pixels; null if it scales or declares none.", 32)]


class Favicon(Struct, frozen=True, kw_only=True):
    """Icons of a page."""

    url: Annotated[str, doc("The URL that was asked.", "https://example.com")]
    icons: Annotated[tuple[FaviconIcon, ...], doc("Icons of the page, in page order.")]
    best_match: Annotated[FaviconMatch | None, doc("The icon that suits `size`.")]
    favicon: Annotated[
        str | None,
        doc("The icon for a list of links, as in `meta.favicon` of a card.", "https://example.com/icon-32.png"),
    ]


class FaviconAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/favicon`."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Favicon, doc("Icons of the page.")]
    meta: Annotated[Meta, doc("Facts of the request.")]


class ValidationAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/validate`."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Validation, doc("Checks, grade and previews.")]
    meta: Annotated[Meta, doc("Facts of the request.")]


# Usage and operations ---------------------------------------------------------------------------------------------


class Limits(Struct, frozen=True, kw_only=True):
    """Limits of a plan. Null is no limit."""

    batch_limit: Annotated[int, doc("URLs in one `/v1/extract/batch`.", 25, minimum=1)]
    per_minute: Annotated[int | None, doc("Requests per minute.", 1000)]
    burst: Annotated[int | None, doc("Requests at once.", 100)]
    per_month: Annotated[int | None, doc("URLs per calendar month (UTC).", 50000)]


class Used(Struct, frozen=True, kw_only=True):
    """Usage of the current month."""

    month: Annotated[str, doc("Calendar month (UTC).", "2026-05")]
    urls: Annotated[int, doc("URLs charged so far.", 1234, **COUNT)]


class Usage(Struct, frozen=True, kw_only=True):
    """Plan of the key, its limits and its usage."""

    plan: Annotated[str, doc("Name of the plan.", "pro")]
    limits: Annotated[Limits, doc("Limits of the plan.")]
    used: Annotated[Used, doc("Usage of the current month.")]


class UsageAnswer(Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/usage`."""

    success: Annotated[bool, constant(True)]
    data: Annotated[Usage, doc("Plan, limits and usage.")]
    meta: Annotated[Meta, doc("Facts of the request.")]


class Health(Struct, frozen=True, kw_only=True):
    """Answer of a process that lives."""

    status: Annotated[str, constant("ok")]


class Readiness(Struct, frozen=True, kw_only=True):
    """State of the stores."""

    status: Annotated[str, one_of(("ok", "degraded", "unavailable"), "`degraded` if a dispensable store fails.")]
    stores: Annotated[
        dict[str, Annotated[str, one_of(("ok", "failed"), "State of the store.")]], doc("State of each store.")
    ]


PARTS_OF_BATCH = (Success, Failure, StreamedSuccess, StreamedFailure, StreamEnd)

UNIONS: dict[str, Json] = {
    "OpenApiDocument": {
        "description": "A document as of https://spec.openapis.org/oas/v3.1.0.",
        "type": "object",
        "additionalProperties": True,
    },
    "Result": {
        "description": "Outcome of one URL, told apart by `success`.",
        "oneOf": [ref("Success"), ref("Failure")],
    },
    "StreamLine": {
        "description": "One line of a streamed batch.",
        "oneOf": [ref("StreamedSuccess"), ref("StreamedFailure"), ref("StreamEnd")],
    },
}
