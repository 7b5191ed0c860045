"""The contract of requests, as marshmallow; what the settings decide is told by the view."""

from __future__ import annotations

from marshmallow import fields, validate

from app.api.fields import Array, Boolean, CommaList, Integer, QueryBoolean, QueryInteger, StrictSchema, Strings
from app.extractor import INCLUDES

MAX_AGE = validate.Range(min=0, max=10**9)
DEFAULT_MAX_AGE = 3_600  # seconds
LEAST_TIMEOUT_MS = 100


def include_item() -> fields.String:
    return fields.String(validate=validate.OneOf(INCLUDES))


class BatchSchema(StrictSchema):
    """What `POST /v1/extract/batch` takes."""

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
        metadata={"description": "Seconds; an older cached result is fetched again."},
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
            "server's `BATCH_TIMEOUT`; URLs not done by then are `TARGET_TIMEOUT`."
        },
    )


class ExtractSchema(StrictSchema):
    """The query parameters of `GET /v1/extract`."""

    url = fields.String(
        required=True, metadata={"description": "An absolute http(s) URL.", "example": "https://example.com"}
    )
    cache = QueryBoolean(load_default=True, metadata={"description": "`false`: fetch afresh."})
    max_age = QueryInteger(
        load_default=DEFAULT_MAX_AGE,
        validate=MAX_AGE,
        metadata={"description": "Seconds; an older cached result is fetched again."},
    )
    include = CommaList(
        include_item(),
        load_default=list,
        metadata={"description": "Extra blocks of `data`, separated by commas."},
    )


class NoQuerySchema(StrictSchema):
    """No query parameters."""
