"""Deferral of items after a passing failure: queued, but not counted as waiting until their pause is over.

Rule 1: a pause is kept in the database, so it outlives the process that decided on it.
Rule 2: a pause dated further ahead than the longest one was written before the clock was set back, and is over.
"""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from app import metrics
from app.jobs.clock import clock
from app.jobs.job import Outcome, Status
from app.jobs.retries import LONGEST_PAUSE
from app.jobs.store import lock
from app.storage.database import Database
from app.storage.schema import job_items, jobs

MOST_AT_ONCE = 1_000  # items that one transaction lets go

_POSTPONE = (
    job_items.update()
    .where(job_items.c.job_id == sa.bindparam("of_job"), job_items.c.input_index == sa.bindparam("at"))
    .values(
        status=Status.QUEUED,
        owner=sa.null(),
        attempts=sa.bindparam("attempt"),
        retry_at=clock() + sa.bindparam("pause", type_=sa.Double),
    )
)
_STATUS = sa.select(jobs.c.status).where(jobs.c.id == sa.bindparam("of_job"))
_OVER = sa.and_(
    job_items.c.retry_at.is_not(None),
    sa.or_(job_items.c.retry_at <= clock(), job_items.c.retry_at > clock() + LONGEST_PAUSE),
)
_RIPE = sa.select(job_items.c.job_id).where(_OVER).limit(MOST_AT_ONCE)
_RIPEN = (
    job_items.update()
    .where(job_items.c.job_id == sa.bindparam("of_job"), _OVER, job_items.c.status == Status.QUEUED)
    .values(retry_at=None)
)
_COUNT_RIPE = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("of_job"))
    .values(waiting=jobs.c.waiting + sa.bindparam("ripe", type_=sa.Integer))
)


def postpone(connection: sa.Connection, job_id: str, outcomes: list[Outcome]) -> list[Outcome]:
    """Defer the items of a job with a pause; return the final outcomes.

    Items of a cancelled job end with the outcome that they have. The caller holds the job's lock.
    """
    passing = [outcome for outcome in outcomes if outcome.pause is not None]
    if not passing or connection.execute(_STATUS, {"of_job": job_id}).scalar() == Status.CANCELLED:
        return outcomes
    rows = [
        {"of_job": job_id, "at": each.item.input_index, "attempt": each.item.attempt, "pause": each.pause}
        for each in passing
    ]
    connection.execute(_POSTPONE, rows)
    metrics.JOB_RETRIES.inc(len(rows))
    return [outcome for outcome in outcomes if outcome.pause is None]


def ripen(database: Database) -> int:
    """Let items be claimed whose pause is over; return their number."""
    with database.read() as connection:
        found = Counter(connection.execute(_RIPE).scalars())
    if not found:
        return 0
    with database.write() as connection:
        lock(connection, sorted(found))
        return sum(_ripen_job(connection, job_id) for job_id in sorted(found))


def _ripen_job(connection: sa.Connection, job_id: str) -> int:
    ripe = connection.execute(_RIPEN, {"of_job": job_id}).rowcount
    connection.execute(_COUNT_RIPE, {"of_job": job_id, "ripe": ripe})
    return ripe
