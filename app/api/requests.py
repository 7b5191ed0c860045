"""The contract of requests, as marshmallow. Limits that the settings decide are checked by the view."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.api.fields import Array, Boolean, CommaList, Integer, Moment, QueryBoolean, QueryInteger, StrictSchema, Strings
from app.api.job_options import ProxySchema, WaitConfigSchema, WebhookRequestSchema
from app.extractor import FORMATS, INCLUDES
from app.fetch import check_headers
from app.jobs.job import MAX_URLS, Status

MAX_AGE = validate.Range(min=0, max=10**9)
DEFAULT_MAX_AGE = 3_600  # seconds
LANGUAGES = validate.Regexp(
    r"[A-Za-z0-9*][A-Za-z0-9*;=., -]{0,199}\Z",
    error="Must be language ranges as in Accept-Language, such as de, en;q=0.5, of 200 characters at most.",
)
LEAST_TIMEOUT_MS = 100
URL = {"description": "An absolute http(s) URL.", "example": "https://example.com"}
MAX_PAGE = 10**6
MOST_CHARS = 10**8
PAGE = {"description": "Number of the page, from 1."}


def include_item() -> fields.String:
    return fields.String(validate=validate.OneOf(INCLUDES))


AGE = {"description": "Seconds; an older cached result is fetched again."}
STALE = {
    "description": "Seconds; a card that is older than `max_age` by at most this is answered at once, with "
    "`stale: true`, and fetched again behind the answer."
}
LANGUAGE = {
    "description": "Languages that targets are asked for (RFC 9110, section 12.5.4); the server's own if left out.",
    "example": "de, en;q=0.5",
}


class BatchRequestSchema(StrictSchema):
    """Body of `POST /v1/extract/batch`."""

    urls = Strings(
        required=True,
        validate=validate.Length(min=1, error="Must name at least one URL."),
        metadata={
            "description": "Absolute http(s) URLs, 1 to the plan's limit.",
            "example": ["https://github.com", "https://example.com/article"],
        },
    )
    cache = Boolean(load_default=True, metadata={"description": "`false`: fetch afresh (and store what was fetched)."})
    max_age = Integer(
        load_default=DEFAULT_MAX_AGE,
        validate=MAX_AGE,
        metadata=AGE,
    )
    max_stale = Integer(
        load_default=0,
        validate=MAX_AGE,
        metadata=STALE,
    )
    accept_language = fields.String(
        load_default=None,
        validate=LANGUAGES,
        metadata=LANGUAGE,
    )
    ignore_invalid_urls = Boolean(
        load_default=False,
        metadata={
            "description": "`true`: an invalid URL fails alone, as a result with `INVALID_URL`, instead of the request."
        },
    )
    include = Array(
        include_item(),
        load_default=list,
        validate=validate.Length(max=len(INCLUDES)),
        metadata={"description": "Extra blocks of `data`."},
    )
    timeout_ms = Integer(
        load_default=None,
        validate=validate.Range(min=LEAST_TIMEOUT_MS),
        metadata={
            "description": "Wall-clock limit for the whole answer in milliseconds, at most (and by default) the "
            "server's `BATCH_TIMEOUT`; URLs not done by then are `TARGET_TIMEOUT`.",
            "example": 5000,
        },
    )


class HtmlQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/card`."""

    url = fields.String(required=True, metadata=URL)
    cache = QueryBoolean(load_default=True, metadata={"description": "`false`: fetch afresh."})
    max_age = QueryInteger(
        load_default=DEFAULT_MAX_AGE,
        validate=MAX_AGE,
        metadata=AGE,
    )
    max_stale = QueryInteger(
        load_default=0,
        validate=MAX_AGE,
        metadata=STALE,
    )
    accept_language = fields.String(
        load_default=None,
        validate=LANGUAGES,
        metadata=LANGUAGE,
    )


class CardQuerySchema(HtmlQuerySchema):
    """Query parameters of `GET /v1/extract`."""

    include = CommaList(
        include_item(),
        load_default=list,
        metadata={"description": "Extra blocks of `data`, separated by commas.", "example": ["sources"]},
    )


class FaviconQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/favicon`."""

    url = fields.String(required=True, metadata=URL)
    size = QueryInteger(
        load_default=32, validate=validate.Range(1, 4096), metadata={"description": "Wanted edge in pixels."}
    )


class ValidateQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/validate`."""

    url = fields.String(required=True, metadata=URL)
    cache = QueryBoolean(load_default=True, metadata={"description": "`false`: fetch afresh."})


class FaviconImageQuerySchema(FaviconQuerySchema):
    """Query parameters of `GET /v1/favicon/image`."""

    fallback = fields.String(
        load_default="letter",
        validate=validate.OneOf(("letter", "404")),
        metadata={"description": "Answer for a page without an icon: a tile with a letter, or 404."},
    )


class ReadQuerySchema(HtmlQuerySchema):
    """Query parameters of `GET /v1/read`."""

    max_chars = QueryInteger(
        load_default=100_000,
        validate=validate.Range(1, MOST_CHARS),
        metadata={"description": "Characters of the text in this answer."},
    )
    start = QueryInteger(
        load_default=0,
        validate=validate.Range(0, MOST_CHARS),
        metadata={"description": "Character of the text that this answer begins with."},
    )
    links = QueryBoolean(load_default=True, metadata={"description": "`false`: texts of links without addresses."})
    images = QueryBoolean(load_default=True, metadata={"description": "`false`: no pictures."})


class NoQuerySchema(StrictSchema):
    """No query parameters."""


def _check_headers(headers: dict[str, str]) -> None:
    problems = check_headers(headers)
    if problems:
        raise ValidationError([f"{name}: {problem}." for name, problem in problems.items()])


class JobRequestSchema(StrictSchema):
    """Body of `POST /v1/batch`."""

    urls = Strings(
        required=True,
        validate=validate.Length(1, MAX_URLS),
        metadata={
            "description": "Absolute http(s) URLs. Duplicates are separate items.",
            "example": ["https://example.com/article", "https://example.org"],
        },
    )
    ignore_invalid_urls = Boolean(
        load_default=True,
        metadata={"description": "`false`: one invalid URL fails the request with `INVALID_URL`."},
    )
    formats = Array(
        fields.String(validate=validate.OneOf(FORMATS)),
        load_default=lambda: ["markdown"],
        validate=validate.Length(max=len(FORMATS)),
        metadata={"description": "May be empty with `include_metadata`."},
    )
    only_main_content = Boolean(
        load_default=False, metadata={"description": "`markdown` is the main content alone, without menus and footers."}
    )
    include_metadata = Boolean(
        load_default=False,
        metadata={"description": "Adds `data.metadata`, the card that `/v1/extract` answers with."},
    )
    render_js = Boolean(load_default=False, metadata={"description": "Read the pages with a browser."})
    wait_config = fields.Nested(
        WaitConfigSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Condition on which a rendered page is complete, with `render_js`."},
    )
    proxy = fields.Nested(
        ProxySchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Proxy that every request of the job uses."},
    )
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=None,
        allow_none=True,
        validate=_check_headers,
        metadata={
            "description": "Sent with every request of the job, to the URL's own origin only.",
            "example": {"X-Name": "value"},
        },
    )
    webhook = fields.Nested(
        WebhookRequestSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Receiver of one event when the job ends (Standard Webhooks)."},
    )

    @validates_schema
    def _asks_for_something(self, asked: dict[str, Any], **_: Any) -> None:
        if not asked["formats"] and not asked["include_metadata"]:
            raise ValidationError("May be empty only with include_metadata.", "formats")


class JobPageQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/batch/{job_id}`."""

    page = QueryInteger(
        load_default=1, validate=validate.Range(1, MAX_PAGE), metadata={"description": "Number of the page, from 1."}
    )
    page_size = QueryInteger(
        load_default=10, validate=validate.Range(1, 50), metadata={"description": "Results per page."}
    )


def _moment(text: str) -> dict[str, str]:
    return {"type": "string", "description": text, "example": "2026-05-26T10:30:00Z"}


class JobListQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/batch/jobs`."""

    status = fields.Enum(
        Status, by_value=True, load_default=None, metadata={"description": "State of the jobs to list."}
    )
    start_date = Moment(end=False, load_default=None, metadata=_moment("Created at this time or later, ISO 8601."))
    end_date = Moment(end=True, load_default=None, metadata=_moment("Created at this time or before, ISO 8601."))
    page = QueryInteger(
        load_default=1, validate=validate.Range(1, MAX_PAGE), metadata={"description": "Number of the page, from 1."}
    )
    page_size = QueryInteger(
        load_default=100, validate=validate.Range(1, 100), metadata={"description": "Jobs per page."}
    )


class ResultsQuerySchema(StrictSchema):
    """Query parameters of `GET /v1/batch/{job_id}/results`."""

    format = fields.String(
        load_default="ndjson",
        validate=validate.OneOf(("ndjson", "csv")),
        metadata={"description": "Format of the results."},
    )
