"""The contract of the answers of `/v1/batch`: bare Structs, without an envelope."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Raw, Struct, UnsetType

from app.api.job_options import PROXY_TYPES, WAITS
from app.api.responses import COUNT, MOMENT, Card
from app.api.schema import doc, one_of
from app.extractor import FORMATS
from app.jobs.job import ENDED, Status

ID = "9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019"

JobId = Annotated[str, doc("Id of the job.", ID, format="uuid")]
JobStatus = Annotated[Status, doc("State of the job.")]
StatusUrl = Annotated[str, doc("Path of the job.", f"/v1/batch/{ID}")]
InvalidUrls = Annotated[
    tuple[str, ...], doc("URLs that were rejected, and are no items of the job.", ["htp://example.com"])
]
CreatedAt = Annotated[str, doc("Time of submission, UTC.", "2026-05-26T10:30:00Z", **MOMENT)]
CompletedAt = Annotated[str | None, doc("Time at which the last item ended, UTC.", "2026-05-26T10:31:00Z", **MOMENT)]
Accepted = Annotated[int, doc("URLs that were accepted.", 2, **COUNT)]
Completed = Annotated[int, doc("Items that succeeded.", 1, **COUNT)]
Failed = Annotated[int, doc("Items that failed.", 0, **COUNT)]


class JobAccepted(Struct, frozen=True, kw_only=True):
    """Answer to a job that was accepted."""

    job_id: JobId
    status: JobStatus
    status_url: StatusUrl
    accepted_urls: Accepted
    invalid_urls: InvalidUrls


class JobCancelled(Struct, frozen=True, kw_only=True):
    """Answer to a job that was cancelled."""

    job_id: JobId
    status: JobStatus
    status_url: StatusUrl
    in_flight_urls: Annotated[int, doc("Items being read, which end and count.", 1, **COUNT)]


class JobProxy(Struct, frozen=True, kw_only=True):
    """Proxy that the job asked for; nulls without one."""

    country: Annotated[str | None, doc("Country, as two capitals.", "DE")] = None
    type: Annotated[str | None, doc("Kind of the proxy: " + ", ".join(PROXY_TYPES) + ".", "datacenter")] = None


class JobWaitConfig(Struct, frozen=True, kw_only=True):
    """Condition on which a rendered page is complete."""

    wait_until: Annotated[str | None, doc("Event of the page: " + ", ".join(WAITS) + ".", "load")] = None
    wait_for: Annotated[str | None, doc("CSS selector that must match.", "main")] = None
    wait_timeout: Annotated[int | None, doc("Milliseconds to wait.", 5000)] = None


class JobConfig(Struct, frozen=True, kw_only=True):
    """Options of the job. Values of headers are hidden."""

    render_js: Annotated[bool, doc("Whether a browser renders each page.")] = False
    formats: Annotated[tuple[Annotated[str, one_of(FORMATS, "Format.")], ...], doc("Formats of `data`.")] = ()
    include_metadata: Annotated[bool, doc("Whether `data.metadata` is filled.")] = False
    proxy: Annotated[JobProxy, doc("Proxy of the job.")] = JobProxy()
    headers: Annotated[dict[str, str] | None, doc("Names of the job's headers.", {"X-Name": "[hidden]"})] = None
    wait_config: Annotated[JobWaitConfig | None, doc("Condition on which a rendered page is complete.")] = None
    only_main_content: Annotated[bool | UnsetType, doc("True for main content alone.", const=True)] = UNSET


class JobData(Struct, frozen=True, kw_only=True):
    """Content of one item; null unless it was asked for."""

    markdown: Annotated[str | None, doc("Page as Markdown.", "# An article")]
    html: Annotated[str | None, doc("Page as cleaned HTML.", "<!doctype html><title>An article</title>")]
    metadata: Annotated[Card | None, doc("Card of the page.")]


class JobResultMetadata(Struct, frozen=True, kw_only=True):
    """Facts of one item."""

    http_status: Annotated[int | None, doc("HTTP status that the target answered with.", 200)]
    duration_ms: Annotated[int | None, doc("Milliseconds that the item took.", 842)]
    tokens_charged: Annotated[int, doc("1 for a URL that succeeded, else 0.", 1, **COUNT)]
    attempts: Annotated[int, doc("Attempts made, at most 3.", 1, **COUNT)]
    reason: Annotated[str | None, doc("Word of a closed list that says why the last attempt failed.", "dns")]


class JobResult(Struct, frozen=True, kw_only=True):
    """An item that has ended."""

    input_index: Annotated[int, doc("Place of the URL in the `urls` that were sent, from 0.", 0, **COUNT)]
    url: Annotated[str, doc("The URL as it was sent.", "https://example.com/article")]
    status: Annotated[str, one_of(ENDED, "How the item ended.")]
    error_code: Annotated[str | None, doc("Code of the failure.", "TARGET_TIMEOUT")]
    error_message: Annotated[str | None, doc("Sentence for people.", "The target did not answer in time")]
    data: Annotated[
        Raw,
        doc(
            "Content of the item, null if it failed.",
            anyOf=[{"$ref": "#/components/schemas/JobData"}, {"type": "null"}],
        ),
    ]
    metadata: Annotated[JobResultMetadata, doc("Facts of the item.")]


class TokenSummary(Struct, frozen=True, kw_only=True):
    """Tokens of the job. One token is one URL that succeeded."""

    tokens_charged_total: Annotated[int, doc("Tokens charged so far.", 1, **COUNT)]
    tokens_reserved: Annotated[int, doc("Tokens that the remaining items may cost.", 1, **COUNT)]


class JobWebhook(Struct, frozen=True, kw_only=True):
    """State of the job's webhook."""

    url: Annotated[str, doc("Receiver of the event.", "https://example.com/hooks/pagecard")]
    status: Annotated[str, one_of(("waiting", "pending", "delivered", "failed"), "State of the delivery.")]
    attempts: Annotated[int, doc("Deliveries tried so far.", 1, **COUNT)]
    last_attempt_at: Annotated[str | None, doc("Time of the last try, UTC.", "2026-05-26T10:31:00Z", **MOMENT)]
    last_http_status: Annotated[int | None, doc("HTTP status that the receiver answered with.", 204)]
    last_error: Annotated[str | None, doc("Reason that the last try failed.", "The receiver answered 500")]
    next_attempt_at: Annotated[str | None, doc("Time of the next try, UTC.", "2026-05-26T10:31:10Z", **MOMENT)]


class JobHead(Struct, frozen=True, kw_only=True):
    """State of a job."""

    job_id: JobId
    status: JobStatus
    batch_config: Annotated[JobConfig, doc("Options of the job.")]
    token_summary: Annotated[TokenSummary, doc("Tokens of the job.")]
    total_urls: Accepted
    completed_urls: Completed
    failed_urls: Failed
    cancelled_urls: Annotated[int, doc("Items that were cancelled.", 0, **COUNT)]
    pending_urls: Annotated[int, doc("Items that have not ended.", 1, **COUNT)]
    invalid_urls: InvalidUrls
    created_at: CreatedAt
    completed_at: CompletedAt
    webhook: Annotated[JobWebhook | UnsetType, doc("State of the webhook, if the job has one.")] = UNSET


class Job(JobHead, frozen=True, kw_only=True):
    """State of a job, and a page of its results."""

    results: Annotated[list[JobResult], doc("Items that have ended, in input order.")]


class JobListItem(Struct, frozen=True, kw_only=True):
    """A job in a list."""

    job_id: JobId
    status: JobStatus
    accepted_urls: Accepted
    config: Annotated[JobConfig, doc("Options of the job.")]
    created_at: CreatedAt
    completed_at: CompletedAt
    completed_urls: Completed
    failed_urls: Failed


class JobList(Struct, frozen=True, kw_only=True):
    """A page of the key's jobs, newest first."""

    jobs: Annotated[tuple[JobListItem, ...], doc("Jobs of this page.")]
    page: Annotated[int, doc("Number of this page, from 1.", 1, minimum=1)]
    page_size: Annotated[int, doc("Jobs per page.", 100, minimum=1)]
    page_count: Annotated[int, doc("Number of pages.", 1, **COUNT)]
