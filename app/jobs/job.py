"""Jobs: many URLs under one id, each of which ends exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.errors import PagecardError, TargetHttpError
from app.jobs.retries import pause_before_retry
from app.plans import Plan
from app.text import iso_time

MAX_URLS = 1_000  # of one job, on every plan


class Status(StrEnum):
    """Where a job, or one of its items, stands."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


def moment(seconds: float | None) -> str | None:
    """Format Unix seconds as UTC, `2026-05-26T10:30:00Z`; None stays None."""
    return None if seconds is None else iso_time(seconds)


@dataclass(frozen=True, slots=True)
class Target:
    """Accepted URL: its index among the URLs sent, and its spelling as sent."""

    input_index: int
    url: str


@dataclass(frozen=True, slots=True)
class WebhookOrder:
    """Webhook: the URL to notify at the end of a job, and the secret (`whsec_…`) to sign with."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Idempotency key of a client, and the SHA-256 of its request body, hexadecimal."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """Job to create. `config` is shown by the API; the values of `headers` are not.

    `plan` bounds the open jobs and the stored bytes of the key.
    """

    key_id: str
    config: Mapping[str, Any]
    targets: tuple[Target, ...]
    invalid_urls: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    webhook: WebhookOrder | None = None
    idempotency: Idempotency | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """How the telling goes. `status`: `waiting` for the job, `pending`, `delivered` or `failed`."""

    url: str
    message_id: str
    status: str
    attempts: int
    next_attempt_at: float | None
    last_attempt_at: float | None
    last_http_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times are Unix seconds; `total` counts the accepted URLs."""

    id: str
    key_id: str
    status: Status
    created_at: float
    completed_at: float | None
    config: Mapping[str, Any]
    invalid_urls: tuple[str, ...]
    total: int
    completed: int
    failed: int
    cancelled: int
    webhook: Webhook | None = None

    @property
    def pending(self) -> int:
        """Items that have not ended."""
        return self.total - self.completed - self.failed - self.cancelled

    @property
    def status_url(self) -> str:
        return f"/v1/batch/{self.id}"


@dataclass(frozen=True, slots=True)
class Item:
    """URL of a job, leased to one holder for its `attempt`-th try, counted from 1."""

    job_id: str
    key_id: str
    input_index: int
    url: str
    config: Mapping[str, Any]
    headers: Mapping[str, str]
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of an item. `data` is encoded JSON; `pause` is in seconds where the item is to be tried again."""

    item: Item
    status: Status
    data: bytes | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    duration_ms: int | None = None
    error_reason: str | None = None
    pause: float | None = None


def failed(item: Item, error: PagecardError, duration_ms: int | None = None) -> Outcome:
    """Build the outcome of an item that ended with an error."""
    return Outcome(
        item,
        Status.FAILED,
        http_status=error.details["http_status"] if isinstance(error, TargetHttpError) and error.details else None,
        error_code=error.code,
        error_message=error.message,
        error_reason=(error.details or {}).get("reason"),
        duration_ms=duration_ms,
        pause=pause_before_retry(item.attempt, error),
    )


@dataclass(frozen=True, slots=True)
class Result:
    """An item that has ended."""

    input_index: int
    url: str
    status: Status
    error_code: str | None
    error_message: str | None
    http_status: int | None
    duration_ms: int | None
    data: bytes | None
    error_reason: str | None = None
    attempts: int = 1
