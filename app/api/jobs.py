"""`/v1/batch`: jobs of many URLs. Success bodies are bare objects, and results are streamed one at a time."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson
from flask import Blueprint, Response, stream_with_context

from app.api.auth import authorised, check_quota
from app.api.body import read_body, read_query
from app.api.envelope import JSON, bare
from app.api.extract import NDJSON, NO_QUERY
from app.api.job_encoding import describe_in_list, encode_csv, encode_job, encode_result
from app.api.job_responses import ID, Job, JobAccepted, JobCancelled, JobData, JobList
from app.api.openapi import Answer, Operation, described
from app.api.requests import JobListQuerySchema, JobPageQuerySchema, JobRequestSchema, ResultsQuerySchema
from app.api.state import Caller, current_request, services
from app.batch import describe_invalid, parse_urls
from app.errors import (
    IdempotencyConflict,
    InvalidBody,
    InvalidUrl,
    InvalidUrls,
    JobFinished,
    JobNotFound,
    Overloaded,
    ProxyUnavailable,
    QuotaExceeded,
    RenderingUnavailable,
    StorageFull,
)
from app.jobs.item_runner import choose_proxy
from app.jobs.job import Idempotency, NewJob, Target, WebhookOrder
from app.text import printable

blueprint = Blueprint("jobs", __name__)

HIDDEN = "[hidden]"
NO_PROXY = {"country": None, "type": None}
IDEMPOTENCY_HEADER = {
    "description": "The same key and body within 24 hours answer the same job.",
    "schema": {"type": "string"},
    "example": "monday",
}
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
JOB, PAGE, LIST, RESULTS = JobRequestSchema(), JobPageQuerySchema(), JobListQuerySchema(), ResultsQuerySchema()
CSV_EXAMPLE = "input_index,url,status\r\n0,https://example.com,completed\r\n"  # its first columns
PATH = {"job_id": {"description": "Id of the job.", "schema": {"type": "string", "format": "uuid"}, "example": ID}}


@blueprint.post("/v1/batch")
@described(
    Operation(
        tag="Jobs",
        body=JOB,
        headers={"Idempotency-Key": IDEMPOTENCY_HEADER},
        answers={202: Answer("The job is accepted.", JobAccepted)},
        errors=(
            InvalidUrls,
            IdempotencyConflict,
            RenderingUnavailable,
            ProxyUnavailable,
            QuotaExceeded,
            Overloaded,
            StorageFull,
        ),
    )
)
@authorised()
def submit_job(caller: Caller) -> Response:
    """Accept up to 1,000 URLs as a job, and answer at once."""
    read_query(NO_QUERY)
    asked = read_body(JOB)
    targets, invalid = _split_urls(asked["urls"], ignore_invalid=asked["ignore_invalid_urls"])
    _check_means(asked)
    check_quota(caller)
    job = services().jobs.submit(_new_job(caller, asked, targets, invalid))
    accepted = JobAccepted(
        job_id=job.id,
        status=job.status,
        status_url=job.status_url,
        accepted_urls=job.total,
        invalid_urls=job.invalid_urls,
    )
    return bare(accepted, 202)


@blueprint.get("/v1/batch/<job_id>")
@described(
    Operation(
        tag="Jobs",
        path=PATH,
        query=PAGE,
        answers={200: Answer("The job and a page of its results.", Job, parts=(JobData,))},
        errors=(JobNotFound,),
    )
)
@authorised()
def show_job(caller: Caller, job_id: str) -> Response:
    """Return the state of a job, and a page of its results in input order."""
    asked = read_query(PAGE)
    store = services().jobs.store
    job = store.find(caller.tenant, job_id)
    size = asked["page_size"]
    results = store.results(job.id, offset=(asked["page"] - 1) * size, limit=size)
    return Response(stream_with_context(encode_job(job, results)), mimetype=JSON)


@blueprint.delete("/v1/batch/<job_id>")
@described(
    Operation(
        tag="Jobs",
        path=PATH,
        answers={202: Answer("The job is cancelled.", JobCancelled)},
        errors=(JobNotFound, JobFinished, Overloaded, StorageFull),
    )
)
@authorised()
def cancel_job(caller: Caller, job_id: str) -> Response:
    """Cancel a job. Items in flight end and count."""
    read_query(NO_QUERY)
    job, in_flight = services().jobs.store.cancel(caller.tenant, job_id)
    cancelled = JobCancelled(job_id=job.id, status=job.status, status_url=job.status_url, in_flight_urls=in_flight)
    return bare(cancelled, 202)


@blueprint.get("/v1/batch/jobs")
@described(Operation(tag="Jobs", query=LIST, answers={200: Answer("A page of jobs.", JobList)}))
@authorised()
def list_jobs(caller: Caller) -> Response:
    """List the key's jobs, newest first."""
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
    listed = tuple(map(describe_in_list, found))
    return bare(JobList(jobs=listed, page=page, page_size=size, page_count=-(-count // size)))


@blueprint.get("/v1/batch/<job_id>/results")
@described(
    Operation(
        tag="Jobs",
        path=PATH,
        query=RESULTS,
        answers={
            200: Answer(
                "A line for each item that has ended.",
                texts=("text/csv",),
                text_example=CSV_EXAMPLE,
                stream="JobResult",
            )
        },
        errors=(JobNotFound,),
    )
)
@authorised()
def stream_results(caller: Caller, job_id: str) -> Response:
    """Stream every result so far, in input order, as NDJSON or CSV.

    Each line of NDJSON is a `JobResult`.
    """
    kind = read_query(RESULTS)["format"]
    store = services().jobs.store
    results = store.results(store.find(caller.tenant, job_id).id)
    lines = encode_csv(results) if kind == "csv" else (encode_result(result) + b"\n" for result in results)
    response = Response(stream_with_context(lines), mimetype="text/csv" if kind == "csv" else NDJSON)
    response.headers["Content-Disposition"] = f'attachment; filename="{job_id}.{kind}"'
    return response


def _split_urls(urls: list[str], *, ignore_invalid: bool) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Split into targets and invalid URLs. Raises InvalidUrls if all are invalid, or none may be."""
    parsed = parse_urls(urls)
    invalid = describe_invalid(urls, parsed)
    if invalid and (not ignore_invalid or len(invalid) == len(urls)):
        raise InvalidUrls(details={"invalid_urls": invalid})
    targets = (Target(index, urls[index]) for index, each in enumerate(parsed) if not isinstance(each, InvalidUrl))
    return tuple(targets), tuple(str(each["url"]) for each in invalid)


def _check_means(asked: dict[str, Any]) -> None:
    """Raise RenderingUnavailable or ProxyUnavailable for a means that this server lacks."""
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
        plan=caller.plan,
    )


def _config(asked: dict[str, Any]) -> dict[str, Any]:
    """Options as the job shows them; without a proxy an object of nulls."""
    shown = ("render_js", "formats", "include_metadata", "proxy", "headers", "wait_config")
    return {name: asked[name] for name in shown} | {
        "formats": list(dict.fromkeys(asked["formats"])),
        "proxy": asked["proxy"] or NO_PROXY,
        "headers": asked["headers"] and dict.fromkeys(asked["headers"], HIDDEN),
        **({"only_main_content": True} if asked["only_main_content"] else {}),
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
