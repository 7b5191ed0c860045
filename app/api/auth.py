"""Who asks, and what they may still ask: the key, its origin, its rate limit, its month; and CORS, which
depends on the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Request, Response, request

from app.api.envelope import mark
from app.api.state import current_g, current_request, services
from app.errors import InvalidApiKey, MissingApiKey, OriginNotAllowed, QuotaExceeded, RateLimitExceeded
from app.storage.keys import PREFIXES, ApiKey
from app.storage.limits import RateState

ALLOWED_HEADERS = "authorization, content-type, x-api-key, idempotency-key"
ALLOWED_METHODS = "GET, POST, DELETE, OPTIONS"
EXPOSED_HEADERS = (
    "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Server-Timing"
)
PREFLIGHT_TTL = 86_400  # seconds that a browser may remember a preflight's answer

View = Callable[..., Response]


def authorised(*, publishable: bool = False, charged: bool = True) -> Callable[[View], View]:
    """A view that needs a key: `g.key` and `g.plan` are there when it runs.

    `publishable`: browsers' keys work, too. `charged`: it takes a token of the rate limit.
    Raises MissingApiKey, InvalidApiKey, ApiKeyRevoked, ApiKeyExpired, OriginNotAllowed, RateLimitExceeded.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Response:
            begun = time.perf_counter()
            _identify(publishable)
            _limit(charged)
            mark("auth", time.perf_counter() - begun)
            return view(*args, **kwargs)

        guarded.authorised = True  # type: ignore[attr-defined]
        return guarded

    return decorate


def check_quota() -> None:
    """Raises QuotaExceeded once the key's month is used up."""
    usage, own = services().usage, current_g()
    if usage.used_up(own.key.id, own.plan):
        error = QuotaExceeded(details={"per_month": own.plan.per_month, "plan": own.plan.name})
        error.retry_after = usage.seconds_left()
        raise error


def _identify(publishable: bool) -> None:
    ours, own = services(), current_g()
    own.key = key = ours.keys.find(_sent_key())
    plan = ours.settings.plans.get(key.plan)
    if plan is None:
        raise InvalidApiKey(f"This server has no plan {key.plan!r} any more; ask its operator for another key")
    own.plan = plan
    if key.publishable and not (publishable and _origin() in key.origins):
        own.rate = ours.rates.peek(key.id, plan)  # nobody else's visitors use up the key's tokens
        raise OriginNotAllowed


def _sent_key() -> str:
    asked = current_request()
    sent = set(_header_keys(asked))
    in_query = list(filter(None, asked.args.getlist("api_key"))) if asked.query_string else []
    if any(not key.startswith(PREFIXES["publishable"]) for key in in_query):
        raise InvalidApiKey("A secret key has no place in a URL, since URLs end up in logs; send it as a header")
    sent.update(in_query)
    if not sent:
        raise MissingApiKey
    if len(sent) > 1:
        raise InvalidApiKey("This request carries two different keys; send one")
    return sent.pop()


def _header_keys(asked: Request) -> list[str]:
    # A server joins repeated header fields with commas (RFC 9110, section 5.3); no key holds one.
    keys = [key.strip() for key in asked.headers.get("X-Api-Key", "").split(",")]
    for value in filter(None, asked.headers.get("Authorization", "").split(",")):
        scheme, _, key = value.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidApiKey("Authorization takes the scheme Bearer: Authorization: Bearer KEY")
        keys.append(key.strip())
    return [key for key in keys if key]


def _origin() -> str:
    return request.headers.get("Origin", "").lower()


def _limit(charged: bool) -> None:
    rates, own = services().rates, current_g()
    key, plan = own.key, own.plan
    own.rate = rate = rates.take(key.id, plan) if charged else rates.peek(key.id, plan)
    if charged and rate and not rate.allowed:
        error = RateLimitExceeded(details={"per_minute": plan.per_minute, "burst": plan.burst, "plan": plan.name})
        error.retry_after = rate.retry_after
        raise error


def install(app: Flask) -> None:
    """Preflights, and the headers of rate limits and CORS, for every answer of `app`."""
    app.before_request(_preflight)
    app.after_request(_finish)


def _preflight() -> Response | None:
    # Fetch standard, CORS-preflight: a browser asks without credentials, so no key is known here.
    asked = current_request()
    if asked.method != "OPTIONS" or "Access-Control-Request-Method" not in asked.headers:
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_TTL)
    return response


def _finish(response: Response) -> Response:
    own = current_g()
    _show_rate(response, own.get("rate"))
    _allow_origin(response, own.get("key"))
    return response


def _show_rate(response: Response, rate: RateState | None) -> None:
    if rate:
        response.headers.add("X-RateLimit-Limit", str(rate.limit))
        response.headers.add("X-RateLimit-Remaining", str(rate.remaining))
        response.headers.add("X-RateLimit-Reset", str(rate.reset_at))


def _allow_origin(response: Response, key: ApiKey | None) -> None:
    response.headers.add("Access-Control-Expose-Headers", EXPOSED_HEADERS)
    if key is None or not key.publishable:
        response.headers["Access-Control-Allow-Origin"] = "*"  # set: the widget's file says it already
        return
    response.vary.add("Origin")
    if _origin() in key.origins:
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
