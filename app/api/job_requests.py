"""The contract of `/v1/batch`, as marshmallow: what jobs take, and how they are listed and paged."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, time
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.api.fields import Array, Boolean, Integer, QueryInteger, StrictSchema, Strings
from app.errors import InvalidUrl
from app.extractor import FORMATS
from app.fetch import check_headers, parse_url
from app.fetch.browser.selector import check_selector
from app.jobs.job import MAX_URLS, Status

MAX_PAGE = 10**6
PROXY_TYPES = ("residential", "datacenter", "mix")
WAITS = ("commit", "domcontentloaded", "load", "networkidle")
MAX_SECRET = 512  # characters


def _check_selector(text: str) -> None:
    try:
        check_selector(text)
    except ValueError as error:
        raise ValidationError(f"{error}.") from None


def _check_headers(headers: dict[str, str]) -> None:
    problems = check_headers(headers)
    if problems:
        raise ValidationError([f"{name}: {problem}." for name, problem in problems.items()])


def _check_url(url: str) -> None:
    try:
        parse_url(url)
    except InvalidUrl as error:
        raise ValidationError(f"{error.message}.") from None


def _check_secret(secret: str) -> None:
    """Standard Webhooks, "Signature scheme": `whsec_` and base64."""
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key or secret == encoded or len(secret) > MAX_SECRET:
        raise ValidationError("Must be whsec_ followed by base64.")


class WaitConfigSchema(StrictSchema):
    """When a rendered page is done; a null is the same as no field."""

    wait_until = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(WAITS))
    wait_for = fields.String(
        load_default=None,
        allow_none=True,
        validate=_check_selector,
        metadata={"description": "A CSS selector that must match something."},
    )
    wait_timeout = Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 30_000),
        metadata={"description": "Milliseconds to wait after that."},
    )


class ProxySchema(StrictSchema):
    """The way out that every request of the job takes."""

    country = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[A-Z]{2}\Z", error="Must be two capitals, such as DE."),
    )
    type = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(PROXY_TYPES))


class WebhookSchema(StrictSchema):
    """Who is told that the job has ended (Standard Webhooks)."""

    url = fields.String(required=True, validate=_check_url)
    secret = fields.String(
        load_default=None,
        allow_none=True,
        validate=_check_secret,
        metadata={"description": "`whsec_` and base64; the server's own if left out."},
    )


class JobSchema(StrictSchema):
    """What `POST /v1/batch` takes."""

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
    include_metadata = Boolean(
        load_default=False,
        metadata={"description": "Adds `data.metadata`, the card that `/v1/extract` answers with."},
    )
    render_js = Boolean(load_default=False, metadata={"description": "Read the pages with a browser."})
    wait_config = fields.Nested(WaitConfigSchema, load_default=None, allow_none=True)
    proxy = fields.Nested(ProxySchema, load_default=None, allow_none=True)
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=None,
        allow_none=True,
        validate=_check_headers,
        metadata={"description": "Sent with every request of the job, to the URL's own origin only."},
    )
    webhook = fields.Nested(WebhookSchema, load_default=None, allow_none=True)

    @validates_schema
    def _asks_for_something(self, asked: dict[str, Any], **_: Any) -> None:
        if not asked["formats"] and not asked["include_metadata"]:
            raise ValidationError("May be empty only with include_metadata.", "formats")


class JobPageSchema(StrictSchema):
    """The query parameters of `GET /v1/batch/{job_id}`."""

    page = QueryInteger(load_default=1, validate=validate.Range(1, MAX_PAGE))
    page_size = QueryInteger(load_default=10, validate=validate.Range(1, 50))


class Moment(fields.Field[float]):
    """A date or a time of ISO 8601 as Unix seconds; without a zone it is UTC, and a date ends with its day."""

    def __init__(self, *, end: bool, **options: Any) -> None:
        super().__init__(**options)
        self._end = end

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> float:
        # A plus that nobody encoded arrives as a space (HTML standard, application/x-www-form-urlencoded).
        text = re.sub(r"\A([^T]*+T.*) (\d\d:?\d\d)\Z", r"\1+\2", str(value))
        try:
            moment = datetime.fromisoformat(text)
            if self._end and len(text) <= len("2026-05-26"):
                moment = datetime.combine(moment, time.max) if moment.time() == time.min else moment
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise ValidationError("Must be a date or time of ISO 8601, such as 2026-05-26T10:30:00Z.") from None


class JobListSchema(StrictSchema):
    """The query parameters of `GET /v1/batch/jobs`."""

    status = fields.Enum(Status, by_value=True, load_default=None)
    start_date = Moment(end=False, load_default=None, metadata={"description": "Created at this time or later."})
    end_date = Moment(end=True, load_default=None, metadata={"description": "Created at this time or before."})
    page = QueryInteger(load_default=1, validate=validate.Range(1, MAX_PAGE))
    page_size = QueryInteger(load_default=100, validate=validate.Range(1, 100))


class ResultsSchema(StrictSchema):
    """The query parameters of `GET /v1/batch/{job_id}/results`."""

    format = fields.String(load_default="ndjson", validate=validate.OneOf(("ndjson", "csv")))
