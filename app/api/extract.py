"""`POST /v1/extract/batch`, `GET /v1/extract`, `GET /v1/usage`: what is answered while the client waits."""

from __future__ import annotations

import hashlib
import select
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, g, request, stream_with_context

from app import metrics
from app.api import answers
from app.api.auth import authorised, check_quota, services
from app.api.body import read_body, read_query
from app.api.envelope import elapsed_ms, failure, mark, success
from app.api.openapi import Operation, described, json_answer
from app.api.schemas import LEAST_TIMEOUT_MS, BatchSchema, ExtractSchema, NoQuerySchema
from app.batch import Done, Judged, encode_batch, encode_result, encode_summary, extract_batch, judge_url
from app.charset import printable
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
from app.extractor import Failure, Options, Outcome, Success
from app.fetch import TargetUrl, parse_url

blueprint = Blueprint("extract", __name__)

NDJSON = "application/x-ndjson"

BATCH = BatchSchema()
EXTRACT = ExtractSchema()
NO_QUERY = NoQuerySchema()


@blueprint.post("/v1/extract/batch")
@described(
    Operation(
        tag="Extract",
        body=BATCH,
        answers={200: {"application/json": answers.BATCH, NDJSON: answers.STREAM_LINE}},
        errors=(BatchTooLarge, InvalidUrls, QuotaExceeded, Overloaded),
    )
)
@authorised(publishable=True)
def extract_many() -> Response:
    """Turn up to 100 URLs into cards, side by side, and answer with one result for each."""
    read_query(NO_QUERY)
    asked = read_body(BATCH)
    deadline = _deadline(asked["timeout_ms"])
    judged = judge_urls(asked["urls"], ignore_invalid=asked["ignore_invalid_urls"])
    check_quota()
    done = _extract([each for each in judged if isinstance(each, TargetUrl)], _options(asked), deadline)
    if request.accept_mimetypes.best_match(["application/json", NDJSON]) == NDJSON:
        return _stream(asked["urls"], judged, done)
    return success(encode_batch(asked["urls"], judged, done))


@blueprint.get("/v1/extract")
@described(
    Operation(
        tag="Extract",
        query=EXTRACT,
        answers={200: json_answer(answers.EXTRACT), 304: {}},
        headers={"If-None-Match": answers.STRING},
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised(publishable=True)
def extract_one() -> Response:
    """Turn one URL into a card."""
    asked = read_query(EXTRACT)
    if not asked["url"]:
        raise MissingUrl
    target = parse_url(asked["url"])
    check_quota()
    deadline = Deadline.after(services().settings.batch_timeout)
    [(_, outcome)] = _extract([target], _options(asked), deadline)
    if isinstance(outcome, Failure):
        return failure(outcome.error)
    return _card(outcome)


@blueprint.get("/v1/usage")
@described(Operation(tag="Extract", answers={200: json_answer(answers.USAGE)}))
@authorised(charged=False)
def usage() -> Response:
    """The plan of the key, its limits, and what it used in this month (UTC)."""
    read_query(NO_QUERY)
    plan, used = g.plan, services().usage
    limits = {name: getattr(plan, name) for name in ("batch_limit", "per_minute", "burst", "per_month")}
    data = {"plan": plan.name, "limits": limits, "used": {"month": used.month(), "urls": used.used(g.key.id)}}
    return success(orjson.dumps(data))


def judge_urls(urls: list[str], *, ignore_invalid: bool) -> list[Judged]:
    """Each URL as a target or as what is wrong with it.

    Raises BatchTooLarge for more than the plan takes and, unless `ignore_invalid`, InvalidUrls with all of them.
    """
    limit = g.plan.batch_limit
    if len(urls) > limit:
        raise BatchTooLarge(
            f"This plan takes {limit} URLs in one batch, not {len(urls)}",
            details={"limit": limit, "received": len(urls), "plan": g.plan.name},
        )
    judged = [judge_url(url) for url in urls]
    invalid = [
        {"index": index, "url": printable(urls[index]), "reason": each.message}
        for index, each in enumerate(judged)
        if isinstance(each, InvalidUrl)
    ]
    if invalid and not ignore_invalid:
        raise InvalidUrls(details={"invalid_urls": invalid})
    return judged


def _options(asked: dict[str, Any]) -> Options:
    return Options(include=frozenset(asked["include"]), fresh=not asked["cache"], max_age=asked["max_age"])


def _deadline(timeout_ms: int | None) -> Deadline:
    most = round(services().settings.batch_timeout * 1000)
    if timeout_ms is not None and timeout_ms > most:
        allowed = f"Must be from {LEAST_TIMEOUT_MS} to {most}, the server's limit."
        raise InvalidBody(f"timeout_ms: {allowed}", details={"errors": {"timeout_ms": [allowed]}})
    return Deadline.after((timeout_ms or most) / 1000)


def _extract(targets: list[TargetUrl], options: Options, deadline: Deadline) -> Iterator[Done]:
    """The outcomes as they come, counted; what was read is charged to the key's month before it is answered."""
    key_id, begun = g.key.id, time.perf_counter()
    done = extract_batch(
        targets,
        services().extractor,
        services().pool,
        options,
        deadline,
        tenant=key_id,
        abandoned=_client_gone(),
    )
    return _charged(done, key_id, services().usage.add, begun)


def _charged(done: Iterator[Done], key_id: str, charge: Callable[[str, int], None], begun: float) -> Iterator[Done]:
    hits = misses = read = 0
    try:
        for target, outcome in done:
            hit = isinstance(outcome, Success) and outcome.cache_hit
            hits += hit
            misses += not hit
            read += isinstance(outcome, Success) and not hit
            yield target, outcome
    finally:
        charge(key_id, read)
        metrics.CACHE.labels("hit").inc(hits)
        metrics.CACHE.labels("miss").inc(misses)
        mark("extract", time.perf_counter() - begun)


def _stream(urls: list[str], judged: list[Judged], done: Iterator[Done]) -> Response:
    return Response(stream_with_context(_lines(urls, judged, done)), mimetype=NDJSON)


def _lines(urls: list[str], judged: list[Judged], done: Iterator[Done]) -> Iterator[bytes]:
    indexes: dict[TargetUrl, list[int]] = defaultdict(list)
    successful = 0
    for index, each in enumerate(judged):
        if isinstance(each, InvalidUrl):
            yield _line(index, urls[index], Failure(each))
        else:
            indexes[each].append(index)
    for target, outcome in done:
        successful += len(indexes[target]) * isinstance(outcome, Success)
        for index in indexes[target]:
            yield _line(index, urls[index], outcome)
    meta = {"request_id": g.request_id, "response_time_ms": elapsed_ms()}
    yield b'{"summary":%b,"meta":%b}\n' % (encode_summary(len(urls), successful), orjson.dumps(meta))


def _line(index: int, url: str, outcome: Outcome) -> bytes:
    return b'{"index":%d,%b\n' % (index, encode_result(url, outcome)[1:])


def _card(outcome: Success) -> Response:
    ttl = max(0, int(outcome.expires_at - time.time()))
    response = success(outcome.data, cache_hit=outcome.cache_hit, cache_ttl=ttl, fetched_at=_iso(outcome.fetched_at))
    response.set_etag(hashlib.sha256(outcome.data).hexdigest()[:32], weak=True)
    response.headers["Cache-Control"] = f"private, max-age={ttl}"
    response.vary.update(("Authorization", "X-Api-Key", "Origin"))
    response.make_conditional(request)
    return response


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _client_gone() -> Callable[[], bool]:
    """Tells whether the client of this request has hung up."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is None:
        return lambda: False
    hangup = select.poll()
    hangup.register(connection, select.POLLRDHUP)  # whatever there is left to read before it
    return lambda: bool(hangup.poll(0))
