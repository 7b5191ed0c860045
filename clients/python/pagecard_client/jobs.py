"""Values of `/v1/batch` as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pagecard_client.models import Card

ENDED = frozenset({"completed", "failed", "cancelled"})
"""States that do not change any more."""


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """Answer to a job that was accepted."""

    job_id: str
    status: str
    status_url: str
    accepted_urls: int
    invalid_urls: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """Answer to a job that was cancelled."""

    job_id: str
    status: str
    status_url: str
    in_flight_urls: int


@dataclass(frozen=True, slots=True)
class ItemData:
    """Content of one item; None unless it was asked for."""

    markdown: str | None = None
    html: str | None = None
    metadata: Card | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item that has ended. `input_index`: place of the URL in those that were sent."""

    input_index: int
    url: str
    status: str
    error_code: str | None = None
    error_message: str | None = None
    data: ItemData | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """State of a job, and a page of its results."""

    job_id: str
    status: str
    total_urls: int
    completed_urls: int
    failed_urls: int
    cancelled_urls: int
    pending_urls: int
    created_at: str
    completed_at: str | None = None
    batch_config: dict[str, Any] = field(default_factory=dict)
    token_summary: dict[str, int] = field(default_factory=dict)
    invalid_urls: list[str] = field(default_factory=list)
    webhook: dict[str, Any] | None = None
    results: list[Item] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class JobListItem:
    """A job in a list."""

    job_id: str
    status: str
    accepted_urls: int
    completed_urls: int
    failed_urls: int
    created_at: str
    completed_at: str | None = None
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobList:
    """A page of the key's jobs, newest first."""

    jobs: list[JobListItem]
    page: int
    page_size: int
    page_count: int
