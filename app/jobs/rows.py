"""Rows of the tables of jobs, from and to plain values."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from app.jobs.job import Idempotency, Job, NewJob, Status, Target, Webhook, WebhookOrder


def job_row(new: NewJob, job_id: str, now: float) -> dict[str, Any]:
    """Return the row of a new job."""
    return {
        "id": job_id,
        "key_id": new.key_id,
        "status": Status.QUEUED,
        "created_at": now,
        "config": dict(new.config),
        "headers": dict(new.headers) or sa.null(),
        "invalid_urls": list(new.invalid_urls),
        "rendered": bool(new.config["render_js"]),
        "total": len(new.targets),
        "waiting": len(new.targets),
        "completed": 0,
        "failed": 0,
        "cancelled": 0,
        "stored_bytes": sum(len(target.url) for target in new.targets) + sum(map(len, new.invalid_urls)),
    }


def item_row(job_id: str, target: Target) -> dict[str, Any]:
    """Return the row of one URL of a new job."""
    return {
        "job_id": job_id,
        "input_index": target.input_index,
        "url": target.url,
        "status": Status.QUEUED,
    }


def webhook_row(order: WebhookOrder, job_id: str) -> dict[str, Any]:
    """Return the row of the webhook of a new job."""
    return {
        "job_id": job_id,
        "url": order.url,
        "secret": order.secret,
        "message_id": f"msg_{uuid4().hex}",
        "status": "waiting",
        "attempts": 0,
    }


def request_row(new: NewJob, asked: Idempotency, job_id: str, now: float) -> dict[str, Any]:
    """Return the row for a repeated `Idempotency-Key`: its job."""
    return {
        "key_id": new.key_id,
        "idempotency_key": asked.key,
        "fingerprint": asked.fingerprint,
        "job_id": job_id,
        "created_at": now,
    }


def read_job(row: Any) -> Job:
    """Return the job of a row of the store."""
    own = {name: row[name] for name in Job.__slots__ if name != "webhook"}
    own |= {"status": Status(row["status"]), "invalid_urls": tuple(row["invalid_urls"])}
    return Job(**own, webhook=_webhook(row))


def _webhook(row: Any) -> Webhook | None:
    if row["webhook_url"] is None:
        return None
    return Webhook(**{name: row[f"webhook_{name}"] for name in Webhook.__slots__})
