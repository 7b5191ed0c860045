"""Extraction for a caller: limits, deadline, charge, and clients that hang up."""

from __future__ import annotations

import hashlib
import select
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from flask import Response
from marshmallow import Schema
from msgspec import UNSET

from app import metrics
from app.api.auth import check_quota
from app.api.body import read_query
from app.api.envelope import answer_meta, conditional, mark
from app.api.requests import LEAST_TIMEOUT_MS
from app.api.responses import CardMeta
from app.api.state import Caller, current_request, services
from app.batch import Outcomes, ParsedUrl, collect, describe_invalid, extract_batch, parse_urls
from app.deadline import Deadline
from app.errors import BatchTooLarge, InvalidBody, InvalidUrls, MissingUrl
from app.extractor import Options
from app.plans import Plan
from app.results import Failure, Outcome, Success, check_size
from app.text import iso_time


def read_url_query(schema: Schema) -> Any:
    """Read the query of an endpoint that takes a `url`. Raises MissingUrl, InvalidBody."""
    if not current_request().args.get("url"):
        raise MissingUrl
    return read_query(schema)


def find_card(caller: Caller, url: str, options: Options) -> Success:
    """Return the card of one URL. Raises InvalidUrls, QuotaExceeded, Overloaded, TargetError."""
    parsed = parse_batch(caller.plan, [url], ignore_invalid=False)
    check_quota(caller)
    [outcome] = collect(extract(caller, parsed, options, read_deadline(None))).values()
    if isinstance(outcome, Failure):
        raise outcome.error
    check_size(outcome)
    return outcome


def read_options(asked: Mapping[str, Any], include: Iterable[str], **more: Any) -> Options:
    """Build the options of a request whose fields are those of `CardQuerySchema` and of a batch."""
    return Options(
        include=frozenset(include),
        fresh=not asked["cache"],
        max_age=asked["max_age"],
        max_stale=asked["max_stale"],
        accept_language=asked["accept_language"],
        **more,
    )


def card_meta(card: Success) -> CardMeta:
    """Return the facts of the current request and of a card."""
    return CardMeta(
        **msgspec.structs.asdict(answer_meta()),
        cache_hit=card.cache_hit,
        stale=card.stale or UNSET,
        cache_ttl=time_left(card),
        fetched_at=iso_time(card.fetched_at),
    )


def time_left(card: Success) -> int:
    """Seconds until a card expires."""
    return max(0, int(card.expires_at - time.time()))


def with_validator(response: Response, content: bytes, card: Success, asked: Mapping[str, Any]) -> Response:
    """Add `Cache-Control` and an `ETag` of `content` to an answer made of a card, or turn it into a 304."""
    # A browser's cache keeps the card no longer than ours would answer the same request.
    age = time.time() - card.fetched_at
    fresh = max(0, min(time_left(card), int(asked["max_age"] - age))) if asked["cache"] else 0
    response.set_etag(hashlib.sha256(content).hexdigest()[:32], weak=True)
    response.headers["Cache-Control"] = f"private, max-age={fresh}"
    response.vary.update(("Authorization", "X-Api-Key", "Origin"))
    return conditional(response)


def parse_batch(plan: Plan, urls: list[str], *, ignore_invalid: bool) -> list[ParsedUrl]:
    """Parse each URL into a target or an InvalidUrl.

    Raises BatchTooLarge for more URLs than the plan takes and, unless `ignore_invalid`, InvalidUrls with every
    invalid one.
    """
    limit = plan.batch_limit
    if len(urls) > limit:
        raise BatchTooLarge(
            f"This plan takes {limit} URLs in one batch, not {len(urls)}",
            details={"limit": limit, "received": len(urls), "plan": plan.name},
        )
    parsed = parse_urls(urls)
    invalid = describe_invalid(urls, parsed)
    if invalid and not ignore_invalid:
        raise InvalidUrls(details={"invalid_urls": invalid})
    return parsed


def read_deadline(timeout_ms: int | None) -> Deadline:
    """Return the deadline of an answer. Raises InvalidBody past the server's limit."""
    most = round(services().settings.batch_timeout * 1000)
    if timeout_ms is not None and timeout_ms > most:
        allowed = f"Must be from {LEAST_TIMEOUT_MS} to {most}, the server's limit."
        raise InvalidBody(f"timeout_ms: {allowed}", details={"errors": {"timeout_ms": [allowed]}})
    return Deadline.after((timeout_ms or most) / 1000)


def extract(
    caller: Caller, parsed: list[ParsedUrl], options: Options, deadline: Deadline, *, streaming: bool = False
) -> Iterator[Outcomes]:
    """Yield the outcomes of the targets among `parsed` as they come, and charge the pages read to the key's month."""
    ours = services()
    done = extract_batch(
        parsed,
        ours.extractor,
        ours.pool,
        options,
        deadline,
        tenant=caller.tenant,
        abandoned=_client_gone(),
        streaming=streaming,
        refreshed=partial(_charge_refresh, caller.tenant, ours.usage.add),
    )
    return _charged(done, deadline, _Tally(caller.tenant, ours.usage.add))


def _charged(done: Iterator[Outcomes], deadline: Deadline, tally: _Tally) -> Iterator[Outcomes]:
    begun = time.perf_counter()
    try:
        for some in done:
            tally.count(some.values())
            yield some
    finally:
        deadline.cancel()  # a client that hangs up stops the work, and pays for the pages read by then
        for some in done:
            tally.count(some.values())
        tally.settle()
        mark("extract", time.perf_counter() - begun)


def _charge_refresh(key_id: str, charge: Callable[[str, int], None], outcome: Outcome) -> None:
    """Charge a page that was read behind an answer."""
    if isinstance(outcome, Success) and not outcome.cache_hit:
        charge(key_id, 1)


@dataclass(slots=True)
class _Tally:
    """Counts of one request: cache hits, pages read and charged, failures."""

    key_id: str
    charge: Callable[[str, int], None]
    hits: int = 0
    read: int = 0
    failed: int = 0

    @property
    def missed(self) -> int:
        return self.read + self.failed

    def count(self, outcomes: Collection[Outcome]) -> None:
        known = [outcome.cache_hit for outcome in outcomes if isinstance(outcome, Success)]
        hits = known.count(True)
        self.hits += hits
        self.read += len(known) - hits
        self.failed += len(outcomes) - len(known)

    def settle(self) -> None:
        self.charge(self.key_id, self.read)
        metrics.CACHE_HITS.inc(self.hits)
        if self.missed:
            metrics.CACHE_MISSES.inc(self.missed)


def _client_gone() -> Callable[[], bool]:
    """Return a check whether the client of this request has hung up."""
    connection: socket.socket | None = current_request().environ.get("gunicorn.socket")
    if connection is None:
        return lambda: False

    def gone() -> bool:
        hangup = select.poll()
        hangup.register(connection, select.POLLRDHUP)  # even with unread bytes before it
        return bool(hangup.poll(0))

    return gone
