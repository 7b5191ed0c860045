"""Stored jobs and items as answers: Structs, NDJSON and CSV. Results are encoded one at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import orjson
from msgspec import UNSET, Raw

from app.api.job_responses import (
    JobConfig,
    JobHead,
    JobListItem,
    JobResult,
    JobResultMetadata,
    JobWebhook,
    TokenSummary,
)
from app.jobs.job import Job as StoredJob
from app.jobs.job import Result, Status, Webhook, moment
from app.results import encode_list_field
from app.text import iso_time, printable

CSV_COLUMNS = (
    *("input_index", "url", "status", "error_code", "error_message", "http_status", "duration_ms", "tokens_charged"),
    *("markdown", "html", "metadata"),
)


def _config(job: StoredJob) -> JobConfig:
    return msgspec.convert(job.config, JobConfig)


def describe_in_list(job: StoredJob) -> JobListItem:
    """Describe a job for a list of jobs."""
    return JobListItem(
        job_id=job.id,
        status=job.status,
        accepted_urls=job.total,
        config=_config(job),
        created_at=iso_time(job.created_at),
        completed_at=moment(job.completed_at),
        completed_urls=job.completed,
        failed_urls=job.failed,
    )


def _head(job: StoredJob) -> JobHead:
    return JobHead(
        job_id=job.id,
        status=job.status,
        batch_config=_config(job),
        token_summary=TokenSummary(tokens_charged_total=job.completed, tokens_reserved=job.pending),
        total_urls=job.total,
        completed_urls=job.completed,
        failed_urls=job.failed,
        cancelled_urls=job.cancelled,
        pending_urls=job.pending,
        invalid_urls=job.invalid_urls,
        created_at=iso_time(job.created_at),
        completed_at=moment(job.completed_at),
        webhook=_webhook(job.webhook) if job.webhook else UNSET,
    )


def _webhook(webhook: Webhook) -> JobWebhook:
    return JobWebhook(
        url=webhook.url,
        status=webhook.status,
        attempts=webhook.attempts,
        last_attempt_at=moment(webhook.last_attempt_at),
        last_http_status=webhook.last_http_status,
        last_error=webhook.last_error,
        next_attempt_at=moment(webhook.next_attempt_at),
    )


def encode_job(job: StoredJob, results: Iterable[Result]) -> Iterator[bytes]:
    """Encode a job in pieces: its state, then its results one at a time."""
    return encode_list_field(msgspec.json.encode(_head(job)), "results", map(encode_result, results))


def encode_result(result: Result) -> bytes:
    """Encode one item around its data, which is stored as JSON."""
    return msgspec.json.encode(
        JobResult(
            input_index=result.input_index,
            url=printable(result.url),
            status=result.status,
            error_code=result.error_code,
            error_message=result.error_message,
            data=Raw(result.data or b"null"),
            metadata=JobResultMetadata(
                http_status=result.http_status,
                duration_ms=result.duration_ms,
                tokens_charged=_tokens(result),
                attempts=result.attempts,
                reason=result.error_reason,
            ),
        )
    )


def _tokens(result: Result) -> int:
    """Count the tokens of an item: 1 for a success, else 0."""
    return int(result.status == Status.COMPLETED)


def encode_csv(results: Iterable[Result]) -> Iterator[str]:
    """Encode items as CSV in pieces: a header line, then a line for each item."""
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
