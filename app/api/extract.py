"""`POST /v1/extract/batch`, `GET /v1/extract`, `GET /v1/usage`: answers while the client waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
from flask import Blueprint, Response, stream_with_context

from app.api import examples
from app.api.auth import authorised, check_quota
from app.api.body import read_body, read_query
from app.api.envelope import JSON, answer_meta, success
from app.api.extraction import (
    card_meta,
    extract,
    find_card,
    parse_batch,
    read_deadline,
    read_options,
    read_url_query,
    with_validator,
)
from app.api.openapi import CONDITIONAL, Answer, Operation, described
from app.api.requests import BatchRequestSchema, CardQuerySchema, NoQuerySchema
from app.api.responses import PARTS_OF_BATCH, BatchAnswer, CardAnswer, Limits, Usage, UsageAnswer, Used
from app.api.state import Caller, current_request, services
from app.batch import (
    Outcomes,
    ParsedUrl,
    in_order,
)
from app.errors import (
    BatchTooLarge,
    InvalidUrl,
    InvalidUrls,
    MissingUrl,
    Overloaded,
    QuotaExceeded,
    TargetError,
    leaves,
)
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
    deadline = read_deadline(asked["timeout_ms"])
    parsed = parse_batch(caller.plan, asked["urls"], ignore_invalid=asked["ignore_invalid_urls"])
    check_quota(caller)
    streaming = _wants_lines()
    done = extract(caller, parsed, read_options(asked, asked["include"]), deadline, streaming=streaming)
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
        headers=CONDITIONAL,
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised(publishable=True)
def extract_one(caller: Caller) -> Response:
    """Turn one URL into a card."""
    asked = read_url_query(EXTRACT)
    return _card(find_card(caller, asked["url"], read_options(asked, asked["include"])), asked)


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
    return with_validator(success(outcome.data, meta=card_meta(outcome)), outcome.data, outcome, asked)
