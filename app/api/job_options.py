"""The parts of a job's request, as marshmallow: browser, proxy, webhook."""

from __future__ import annotations

import base64

from marshmallow import ValidationError, fields, validate

from app.api.fields import Integer, StrictSchema
from app.errors import InvalidUrl
from app.fetch import parse_url
from app.fetch.browser.selector import check_selector

PROXY_TYPES = ("residential", "datacenter", "mix")
WAITS = ("commit", "domcontentloaded", "load", "networkidle")
MAX_SECRET = 512  # characters


def _check_selector(text: str) -> None:
    try:
        check_selector(text)
    except ValueError as error:
        raise ValidationError(f"{error}.") from None


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
    """Condition on which a rendered page is complete. Null is as good as no field."""

    wait_until = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(WAITS),
        metadata={"description": "Event of the page to wait for."},
    )
    wait_for = fields.String(
        load_default=None,
        allow_none=True,
        validate=_check_selector,
        metadata={"description": "A CSS selector that must match something.", "example": "main"},
    )
    wait_timeout = Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 30_000),
        metadata={"description": "Milliseconds to wait after that.", "example": 500},
    )


class ProxySchema(StrictSchema):
    """Proxy that every request of the job uses."""

    country = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^[A-Z]{2}$(?!\n)", error="Must be two capitals, such as DE."),
        metadata={"description": "Country of the proxy (ISO 3166-1).", "example": "DE"},
    )
    type = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(PROXY_TYPES),
        metadata={"description": "Kind of the proxy."},
    )


class WebhookRequestSchema(StrictSchema):
    """Receiver of the event that the job has ended (Standard Webhooks)."""

    url = fields.String(
        required=True,
        validate=_check_url,
        metadata={"description": "Receiver of the event.", "example": "https://example.com/hooks/pagecard"},
    )
    secret = fields.String(
        load_default=None,
        allow_none=True,
        validate=_check_secret,
        metadata={
            "description": "`whsec_` and base64; the server's own if left out.",
            "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
    )
