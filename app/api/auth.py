"""Authorisation: the key, its origin, its rate limit and its month; and CORS, which depends on the key.

Rule 1: for a publishable key only its own origins may read an answer. Other origins may read the code
        ORIGIN_NOT_ALLOWED, which their developers need, and which nobody learns more from than without a browser.
Rule 2: a secret key in a URL is refused before it is looked up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Flask, Request, Response

from app.api.envelope import mark
from app.api.state import Caller, current_request, current_state, services
from app.errors import InvalidApiKey, MissingApiKey, OriginNotAllowed, QuotaExceeded, RateLimitExceeded
from app.plans import Plan
from app.storage.keys import PREFIXES, ApiKey
from app.storage.limits import RateState

ALLOWED_HEADERS = "authorization, content-type, x-api-key, idempotency-key"
ALLOWED_METHODS = "GET, POST, DELETE, OPTIONS"
EXPOSED_HEADERS = (
    "X-Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Server-Timing"
)
AUTHENTICATED = "pagecard.authenticated"  # in the environ: from now on the server queues this key by itself
PREFLIGHT_TTL = 86_400  # seconds that a browser may cache a preflight's answer

P = ParamSpec("P")


def authorised(
    *, publishable: bool = False, charged: bool = True
) -> Callable[[Callable[Concatenate[Caller, P], Response]], Callable[P, Response]]:
    """Require a key, and pass the view its Caller as first argument.

    `publishable`: accept browsers' keys, too. `charged`: take a token of the rate limit.
    Raises MissingApiKey, InvalidApiKey, ApiKeyRevoked, ApiKeyExpired, OriginNotAllowed, RateLimitExceeded.
    """

    def decorate(view: Callable[Concatenate[Caller, P], Response]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            begun = time.perf_counter()
            caller = _identify(publishable)
            _limit(caller, charged)
            mark("auth", time.perf_counter() - begun)
            return view(caller, *args, **kwargs)

        guarded.authorised = True  # type: ignore[attr-defined]
        return guarded

    return decorate


def check_quota(caller: Caller) -> None:
    """Raise QuotaExceeded once the key's month is used up."""
    usage, plan = services().usage, caller.plan
    if usage.used_up(caller.tenant, plan):
        error = QuotaExceeded(details={"per_month": plan.per_month, "plan": plan.name})
        error.retry_after = usage.seconds_left()
        raise error


def _identify(publishable: bool) -> Caller:
    ours, state = services(), current_state()
    state.key = key = ours.keys.find(_sent_key())
    current_request().environ[AUTHENTICATED] = True
    caller = Caller(key, _plan_of(key))
    if key.publishable and not (publishable and _origin() in key.origins):
        state.rate = ours.rates.peek(key.id, caller.plan)  # another site's visitors spend none of the key's tokens
        raise OriginNotAllowed
    return caller


def _plan_of(key: ApiKey) -> Plan:
    plan = services().settings.plans.get(key.plan)
    if plan is None:
        raise InvalidApiKey(f"This server has no plan {key.plan!r} any more; ask its operator for another key")
    return plan


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
    # A server joins repeated header fields with commas (RFC 9110, section 5.3); no key contains one.
    keys = [key.strip() for key in asked.headers.get("X-Api-Key", "").split(",")]
    for value in filter(None, asked.headers.get("Authorization", "").split(",")):
        scheme, _, key = value.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidApiKey("Authorization takes the scheme Bearer: Authorization: Bearer KEY")
        keys.append(key.strip())
    return [key for key in keys if key]


def _origin() -> str:
    return current_request().headers.get("Origin", "").lower()


def _limit(caller: Caller, charged: bool) -> None:
    rates, plan = services().rates, caller.plan
    rate = rates.take(caller.tenant, plan) if charged else rates.peek(caller.tenant, plan)
    current_state().rate = rate
    if charged and rate and not rate.allowed:
        error = RateLimitExceeded(details={"per_minute": plan.per_minute, "burst": plan.burst, "plan": plan.name})
        error.retry_after = rate.retry_after
        raise error


def install(app: Flask) -> None:
    """Answer preflights of `app`, and add rate-limit and CORS headers to all its answers."""
    app.before_request(_preflight)
    app.after_request(_finish)


def _preflight() -> Response | None:
    # Fetch standard, CORS-preflight: a browser sends no credentials, so no key is known here.
    asked = current_request()
    if asked.method != "OPTIONS" or "Access-Control-Request-Method" not in asked.headers:
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_TTL)
    return response


def _finish(response: Response) -> Response:
    state = current_state()
    _show_rate(response, state.rate)
    _allow_origin(response, state.key)
    return response


def _show_rate(response: Response, rate: RateState | None) -> None:
    if rate:
        response.headers.add("X-RateLimit-Limit", str(rate.limit))
        response.headers.add("X-RateLimit-Remaining", str(rate.remaining))
        response.headers.add("X-RateLimit-Reset", str(rate.reset_at))


def _allow_origin(response: Response, key: ApiKey | None) -> None:
    response.headers.add("Access-Control-Expose-Headers", EXPOSED_HEADERS)
    if key is None or not key.publishable:
        response.headers["Access-Control-Allow-Origin"] = "*"  # set, not added: the widget's file has one already
        return
    response.vary.add("Origin")
    if _origin() in key.origins:
        response.headers["Access-Control-Allow-Origin"] = current_request().headers["Origin"]
    elif current_state().error_code == OriginNotAllowed.code:
        response.headers["Access-Control-Allow-Origin"] = "*"
