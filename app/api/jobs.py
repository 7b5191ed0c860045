"""`/v1/batch`: many URLs, later. Success bodies are bare objects, and results are streamed one at a time."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, stream_with_context

from app.api import job_responses, responses
from app.api.auth import authorised, check_quota
from app.api.body import read_body, read_query
from app.api.envelope import JSON, bare
from app.api.extract import NDJSON, NO_QUERY
from app.api.job_requests import JobListSchema, JobPageSchema, JobSchema, ResultsSchema
from app.api.openapi import Operation, described, json_answer
from app.api.state import Caller, current_request, services
from app.batch import describe_invalid, parse_urls
from app.errors import (
    IdempotencyConflict,
    InvalidBody,
    InvalidUrl,
    InvalidUrls,
    JobFinished,
    JobNotFound,
    ProxyUnavailable,
    QuotaExceeded,
    RenderingUnavailable,
)
from app.jobs.item_runner import choose_proxy
from app.jobs.job import Idempotency, Job, NewJob, Result, Status, Target, Webhook, WebhookOrder, moment
from app.text import printable

blueprint = Blueprint("jobs", __name__)

HIDDEN = "[hidden]"
NO_PROXY = {"country": None, "type": None}
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
CSV_COLUMNS = (
    *("input_index", "url", "status", "error_code", "error_message", "http_status", "duration_ms", "tokens_charged"),
    *("markdown", "html", "metadata"),
)

JOB, PAGE, LIST, RESULTS = JobSchema(), JobPageSchema(), JobListSchema(), ResultsSchema()
PATH = {"job_id": {"type": "string", "format": "uuid"}}


@blueprint.post("/v1/batch")
@described(
    Operation(
        tag="Jobs",
        body=JOB,
        headers={"Idempotency-Key": responses.STRING},
        answers={202: json_answer(job_responses.ACCEPTED)},
        errors=(InvalidUrls, IdempotencyConflict, RenderingUnavailable, ProxyUnavailable, QuotaExceeded),
    )
)
@authorised()
def submit_job(caller: Caller) -> Response:
    """Read up to 1,000 URLs as a job, and answer at once."""
    read_query(NO_QUERY)
    asked = read_body(JOB)
    targets, invalid = _parse_url(asked["urls"], ignore_invalid=asked["ignore_invalid_urls"])
    _check_means(asked)
    check_quota(caller)
    job = services().jobs.submit(_new_job(caller, asked, targets, invalid))
    return bare(_accepted(job), 202)


@blueprint.get("/v1/batch/<job_id>")
@described(
    Operation(tag="Jobs", path=PATH, query=PAGE, answers={200: json_answer(job_responses.JOB)}, errors=(JobNotFound,))
)
@authorised()
def show_job(caller: Caller, job_id: str) -> Response:
    """How a job stands, and a page of the results that there are, in the order of the URLs that were sent."""
    asked = read_query(PAGE)
    store = services().jobs.store
    job = store.find(caller.tenant, job_id)
    size = asked["page_size"]
    results = store.results(job.id, offset=(asked["page"] - 1) * size, limit=size)
    return Response(stream_with_context(_with_results(_job(job), results)), mimetype=JSON)


@blueprint.delete("/v1/batch/<job_id>")
@described(
    Operation(
        tag="Jobs", path=PATH, answers={202: json_answer(job_responses.CANCELLED)}, errors=(JobNotFound, JobFinished)
    )
)
@authorised()
def cancel_job(caller: Caller, job_id: str) -> Response:
    """Cancel a job; what is in flight ends and counts."""
    read_query(NO_QUERY)
    job, in_flight = services().jobs.store.cancel(caller.tenant, job_id)
    return bare(_named(job) | {"in_flight_urls": in_flight}, 202)


@blueprint.get("/v1/batch/jobs")
@described(Operation(tag="Jobs", query=LIST, answers={200: json_answer(job_responses.LIST)}))
@authorised()
def list_jobs(caller: Caller) -> Response:
    """The key's jobs, the newest first."""
    asked = read_query(LIST)
    page, size = asked["page"], asked["page_size"]
    found, count = services().jobs.store.list(
        caller.tenant,
        status=asked["status"],
        start=asked["start_date"],
        end=asked["end_date"],
        page=page,
        page_size=size,
    )
    return bare(
        {"jobs": [_row(job) for job in found], "page": page, "page_size": size, "page_count": -(-count // size)}
    )


@blueprint.get("/v1/batch/<job_id>/results")
@described(
    Operation(
        tag="Jobs",
        path=PATH,
        query=RESULTS,
        answers={200: {NDJSON: job_responses.RESULT_LINE, "text/csv": responses.STRING}},
        errors=(JobNotFound,),
    )
)
@authorised()
def stream_results(caller: Caller, job_id: str) -> Response:
    """Every result that there is, in the order of the URLs that were sent, as NDJSON or CSV."""
    kind = read_query(RESULTS)["format"]
    store = services().jobs.store
    results = store.results(store.find(caller.tenant, job_id).id)
    lines = _csv(results) if kind == "csv" else (_result(result) + b"\n" for result in results)
    response = Response(stream_with_context(lines), mimetype="text/csv" if kind == "csv" else NDJSON)
    response.headers["Content-Disposition"] = f'attachment; filename="{job_id}.{kind}"'
    return response


def _parse_url(urls: list[str], *, ignore_invalid: bool) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The URLs that can be read, and the others. Raises InvalidUrls if none can, or none may fail."""
    judged = parse_urls(urls)
    invalid = describe_invalid(urls, judged)
    if invalid and (not ignore_invalid or len(invalid) == len(urls)):
        raise InvalidUrls(details={"invalid_urls": invalid})
    targets = (Target(index, urls[index]) for index, each in enumerate(judged) if not isinstance(each, InvalidUrl))
    return tuple(targets), tuple(str(each["url"]) for each in invalid)


def _check_means(asked: dict[str, Any]) -> None:
    """Raises RenderingUnavailable or ProxyUnavailable for what this server has not got."""
    if asked["render_js"]:
        missing = services().renderer.unavailable_reason(services().settings)
        if missing:
            raise RenderingUnavailable(f"This server cannot render pages. {missing}")
    choose_proxy(services().settings.proxies, asked["proxy"])


def _new_job(caller: Caller, asked: dict[str, Any], targets: tuple[Target, ...], invalid: tuple[str, ...]) -> NewJob:
    return NewJob(
        key_id=caller.tenant,
        config=_config(asked),
        targets=targets,
        invalid_urls=invalid,
        headers=asked["headers"] or {},
        webhook=_webhook_order(asked["webhook"]),
        idempotency=_idempotency(asked),
    )


def _config(asked: dict[str, Any]) -> dict[str, Any]:
    """What a job shows of itself: the original's client insists on an object for `proxy`."""
    shown = ("render_js", "formats", "include_metadata", "proxy", "headers", "wait_config")
    return {name: asked[name] for name in shown} | {
        "formats": list(dict.fromkeys(asked["formats"])),
        "proxy": asked["proxy"] or NO_PROXY,
        "headers": asked["headers"] and dict.fromkeys(asked["headers"], HIDDEN),
    }


def _webhook_order(asked: dict[str, Any] | None) -> WebhookOrder | None:
    if asked is None:
        return None
    secret = asked["secret"] or services().settings.webhook_secret
    if secret is None:
        problem = "Is required, since this server has no secret of its own to sign with."
        raise InvalidBody(f"webhook.secret: {problem}", details={"errors": {"webhook.secret": [problem]}})
    return WebhookOrder(asked["url"], secret)


def _idempotency(asked: dict[str, Any]) -> Idempotency | None:
    key = current_request().headers.get("Idempotency-Key")
    if key is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(key):
        problem = "Must be 1 to 255 printable ASCII characters without spaces."
        raise InvalidBody(f"Idempotency-Key: {problem}", details={"errors": {"Idempotency-Key": [problem]}})
    canonical = orjson.dumps(_encodable(asked), option=orjson.OPT_SORT_KEYS)
    return Idempotency(key, hashlib.sha256(canonical).hexdigest())


def _encodable(asked: dict[str, Any]) -> dict[str, Any]:
    return asked | {"urls": [printable(url) for url in asked["urls"]]}


def _named(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "status": job.status, "status_url": job.status_url}


def _accepted(job: Job) -> dict[str, Any]:
    return _named(job) | {"accepted_urls": job.total, "invalid_urls": job.invalid_urls}


def _counts(job: Job) -> dict[str, Any]:
    return {"completed_urls": job.completed, "failed_urls": job.failed}


def _times(job: Job) -> dict[str, Any]:
    return {"created_at": moment(job.created_at), "completed_at": moment(job.completed_at)}


def _row(job: Job) -> dict[str, Any]:
    own = {"job_id": job.id, "status": job.status, "accepted_urls": job.total, "config": job.config}
    return own | _times(job) | _counts(job)


def _job(job: Job) -> dict[str, Any]:
    shown = {
        "job_id": job.id,
        "status": job.status,
        "batch_config": job.config,
        "token_summary": {"tokens_charged_total": job.completed, "tokens_reserved": job.pending},
        "total_urls": job.total,
        **_counts(job),
        "cancelled_urls": job.cancelled,
        "pending_urls": job.pending,
        "invalid_urls": job.invalid_urls,
        **_times(job),
    }
    return shown | {"webhook": _webhook(job.webhook)} if job.webhook else shown


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "status": webhook.status,
        "attempts": webhook.attempts,
        "last_attempt_at": moment(webhook.last_attempt_at),
        "last_http_status": webhook.last_http_status,
        "last_error": webhook.last_error,
        "next_attempt_at": moment(webhook.next_attempt_at),
    }


def _with_results(job: dict[str, Any], results: Iterable[Result]) -> Iterator[bytes]:
    yield orjson.dumps(job)[:-1] + b',"results":['
    for place, result in enumerate(results):
        yield (b"," if place else b"") + _result(result)
    yield b"]}"


def _result(result: Result) -> bytes:
    """One item, its data passed on as it was stored."""
    head = {
        "input_index": result.input_index,
        "url": printable(result.url),
        "status": result.status,
        "error_code": result.error_code,
        "error_message": result.error_message,
    }
    metadata = {
        "http_status": result.http_status,
        "duration_ms": result.duration_ms,
        "tokens_charged": _tokens(result),
    }
    return b'%b,"data":%b,"metadata":%b}' % (orjson.dumps(head)[:-1], result.data or b"null", orjson.dumps(metadata))


def _tokens(result: Result) -> int:
    """One token is one URL that succeeded."""
    return int(result.status == Status.COMPLETED)


def _csv(results: Iterable[Result]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for result in results:
        writer.writerow(_cells(result))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(result: Result) -> list[Any]:
    data = orjson.loads(result.data) if result.data else {}
    metadata = data.get("metadata")
    return [
        *(result.input_index, result.url, result.status.value, result.error_code, result.error_message),
        *(result.http_status, result.duration_ms, _tokens(result)),
        *(data.get("markdown"), data.get("html"), metadata and orjson.dumps(metadata).decode()),
    ]
