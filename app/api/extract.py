"""`POST /v1/extract/batch`, `GET /v1/extract`, `GET /v1/usage`: answers while the client waits."""

from __future__ import annotations

import hashlib
import select
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
from flask import Blueprint, Response, stream_with_context
from marshmallow import Schema
from msgspec import UNSET

from app import metrics
from app.api import examples
from app.api.auth import authorised, check_quota
from app.api.body import read_body, read_query
from app.api.envelope import JSON, answer_meta, conditional, mark, success
from app.api.openapi import Answer, Operation, described
from app.api.requests import LEAST_TIMEOUT_MS, BatchRequestSchema, CardQuerySchema, NoQuerySchema
from app.api.responses import PARTS_OF_BATCH, BatchAnswer, CardAnswer, CardMeta, Limits, Usage, UsageAnswer, Used
from app.api.state import Caller, current_request, services
from app.batch import (
    Outcomes,
    ParsedUrl,
    collect,
    describe_invalid,
    extract_batch,
    in_order,
    parse_urls,
)
from app.deadline import Deadline
from app.errors import (
    BatchTooLarge,
    InvalidBody,
    InvalidUrl,
    InvalidUrls,
    MissingUrl,
    Overloaded,
    QuotaExceeded,
    TargetError,
    leaves,
)
from app.extractor import Options
from app.plans import Plan
from app.results import (
    Failure,
    Outcome,
    Success,
    encode_batch,
    encode_result,
    encode_summary,
    join_objects,
    with_fields,
)
from app.text import iso_time

blueprint = Blueprint("extract", __name__)

NDJSON = "application/x-ndjson"
ANYTHING = "*/*"

BATCH = BatchRequestSchema()
EXTRACT = CardQuerySchema()
NO_QUERY = NoQuerySchema()


@blueprint.post("/v1/extract/batch")
@described(
    Operation(
        tag="Extract",
        body=BATCH,
        answers={
            200: Answer(
                "One result for each URL.",
                BatchAnswer,
                parts=PARTS_OF_BATCH,
                stream="StreamLine",
                example=examples.BATCH,
            )
        },
        errors=(BatchTooLarge, InvalidUrls, QuotaExceeded, Overloaded),
    )
)
@authorised(publishable=True)
def extract_many(caller: Caller) -> Response:
    """Turn up to 100 URLs into cards, and answer with one result for each.

    With `Accept: application/x-ndjson` the results are streamed as they are ready: each line is a `StreamLine`, a
    result with its `index`, and the last line holds `summary` and `meta`.
    """
    read_query(NO_QUERY)
    asked = read_body(BATCH)
    deadline = _deadline(asked["timeout_ms"])
    parsed = parse_batch(caller.plan, asked["urls"], ignore_invalid=asked["ignore_invalid_urls"])
    check_quota(caller)
    streaming = _wants_lines()
    done = _extract(caller, parsed, _options(asked), deadline, streaming=streaming)
    if streaming:
        return _stream(asked["urls"], parsed, done)
    return success(*encode_batch(asked["urls"], in_order(parsed, done)))


@blueprint.get("/v1/extract")
@described(
    Operation(
        tag="Extract",
        query=EXTRACT,
        answers={
            200: Answer("The card.", CardAnswer, example=examples.CARD),
            304: Answer("The client's copy is current."),
        },
        headers={"If-None-Match": {"description": "`ETag` of the client's copy.", "schema": {"type": "string"}}},
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised(publishable=True)
def extract_one(caller: Caller) -> Response:
    """Turn one URL into a card."""
    asked = read_url_query(EXTRACT)
    return _card(find_card(caller, asked["url"], _options(asked)), asked)


@blueprint.get("/v1/usage")
@described(Operation(tag="Extract", answers={200: Answer("Plan, limits and usage.", UsageAnswer)}))
@authorised(charged=False)
def usage(caller: Caller) -> Response:
    """Return the plan of the key, its limits, and its usage in the current month (UTC)."""
    read_query(NO_QUERY)
    plan, used = caller.plan, services().usage
    limits = Limits(
        batch_limit=plan.batch_limit, per_minute=plan.per_minute, burst=plan.burst, per_month=plan.per_month
    )
    told = Usage(plan=plan.name, limits=limits, used=Used(month=used.month(), urls=used.used(caller.tenant)))
    return success(msgspec.json.encode(told))


def read_url_query(schema: Schema) -> Any:
    """Read the query of an endpoint that takes a `url`. Raises MissingUrl, InvalidBody."""
    if not current_request().args.get("url"):
        raise MissingUrl
    return read_query(schema)


def find_card(caller: Caller, url: str, options: Options) -> Success:
    """Return the card of one URL. Raises InvalidUrls, QuotaExceeded, Overloaded, TargetError."""
    parsed = parse_batch(caller.plan, [url], ignore_invalid=False)
    check_quota(caller)
    [outcome] = collect(_extract(caller, parsed, options, _deadline(None))).values()
    if isinstance(outcome, Failure):
        raise outcome.error
    return outcome


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


def _options(asked: dict[str, Any]) -> Options:
    return Options(include=frozenset(asked["include"]), fresh=not asked["cache"], max_age=asked["max_age"])


def _deadline(timeout_ms: int | None) -> Deadline:
    most = round(services().settings.batch_timeout * 1000)
    if timeout_ms is not None and timeout_ms > most:
        allowed = f"Must be from {LEAST_TIMEOUT_MS} to {most}, the server's limit."
        raise InvalidBody(f"timeout_ms: {allowed}", details={"errors": {"timeout_ms": [allowed]}})
    return Deadline.after((timeout_ms or most) / 1000)


def _extract(
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


def _wants_lines() -> bool:
    asked = current_request()
    if asked.headers.get("Accept", ANYTHING) in (
        ANYTHING,
        JSON,
    ):  # from nearly all; nothing to weigh
        return False
    return asked.accept_mimetypes.best_match([JSON, NDJSON]) == NDJSON


def _stream(urls: list[str], parsed: list[ParsedUrl], done: Iterator[Outcomes]) -> Response:
    response = Response(stream_with_context(_lines(urls, parsed, done)), mimetype=NDJSON)
    response.headers["X-Accel-Buffering"] = "no"  # keeps nginx from buffering the lines
    return response


def _lines(urls: list[str], parsed: list[ParsedUrl], done: Iterator[Outcomes]) -> Iterator[bytes]:
    indexes: dict[str, list[int]] = defaultdict(list)
    successful = 0
    for index, each in enumerate(parsed):
        if isinstance(each, InvalidUrl):
            yield _line(index, urls[index], Failure(each))
        else:
            indexes[each.text].append(index)
    for target, outcome in chain.from_iterable(map(dict.items, done)):
        successful += len(indexes[target]) * isinstance(outcome, Success)
        for index in indexes[target]:
            yield _line(index, urls[index], outcome)
    fields = {"summary": encode_summary(len(urls), successful), "meta": msgspec.json.encode(answer_meta())}
    yield with_fields(b"{}", fields) + b"\n"


def _line(index: int, url: str, outcome: Outcome) -> bytes:
    return join_objects(b'{"index":%d}' % index, encode_result(url, outcome)) + b"\n"


def _card(outcome: Success, asked: dict[str, Any]) -> Response:
    now = time.time()
    ttl = max(0, int(outcome.expires_at - now))
    # A browser's cache keeps the card no longer than ours would answer the same request.
    fresh = max(0, min(ttl, int(asked["max_age"] - (now - outcome.fetched_at)))) if asked["cache"] else 0
    meta = CardMeta(
        **msgspec.structs.asdict(answer_meta()),
        cache_hit=outcome.cache_hit,
        stale=outcome.stale or UNSET,
        cache_ttl=ttl,
        fetched_at=iso_time(outcome.fetched_at),
    )
    response = success(outcome.data, meta=meta)
    response.set_etag(hashlib.sha256(outcome.data).hexdigest()[:32], weak=True)
    response.headers["Cache-Control"] = f"private, max-age={fresh}"
    response.vary.update(("Authorization", "X-Api-Key", "Origin"))
    return conditional(response)


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
