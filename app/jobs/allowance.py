"""Allowance of a key: URLs and bytes left, checked before its items begin."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import QuotaExceeded
from app.plans import Plan

MIB = 2**20
OPEN_RETRY = 10  # seconds after which a job may have ended
STORED_RETRY = 3_600  # seconds after which a job may have expired


@dataclass(frozen=True, slots=True)
class Allowance:
    """`urls`: left of the month, those in work included; None is no limit. `full`: the error where no more may be
    stored."""

    urls: int | None = None
    full: QuotaExceeded | None = None

    def refuse(self, in_work: int) -> QuotaExceeded | None:
        """Return the error of one more item, where so many are in work already."""
        if self.full:
            return self.full
        if self.urls is not None and in_work >= self.urls:
            return QuotaExceeded()
        return None


def too_many_open(plan: Plan) -> QuotaExceeded:
    message = f"This key has {plan.open_jobs:,} open jobs, as many as its plan allows"
    return _exceeded(message, "open_jobs", plan, OPEN_RETRY)


def storage_full(plan: Plan) -> QuotaExceeded:
    message = f"Jobs of this key store {plan.stored_mib:,} MiB, as much as its plan allows; they go as they expire"
    return _exceeded(message, "stored_mib", plan, STORED_RETRY)


def _exceeded(message: str, limit: str, plan: Plan, retry_after: int) -> QuotaExceeded:
    error = QuotaExceeded(message, details={"limit": limit, "plan": plan.name})
    error.retry_after = retry_after
    return error
