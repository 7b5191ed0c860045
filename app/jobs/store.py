"""Store of jobs: requests, items and results.

Rule 1: what answered 202 is on the disk.
Rule 2: whoever changes the items of a job holds the row of the job; rows of several jobs are locked in the
        order of their ids, so that nobody waits in a circle.
Rule 3: one key never sees another's job.
Rule 4: results are handed out one at a time; a thousand of them never lie in memory together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from app.errors import IdempotencyConflict, JobFinished, JobNotFound
from app.jobs.allowance import MIB, storage_full, too_many_open
from app.jobs.job import ENDED, Idempotency, Job, NewJob, Result, Status
from app.jobs.rows import item_row, job_row, read_job, request_row, webhook_row
from app.plans import Plan
from app.storage.database import Database
from app.storage.schema import job_items, job_requests, job_results, jobs, webhooks

IDEMPOTENCY_TTL = 86_400  # seconds that an Idempotency-Key means the same job

_SHOWN = sa.select(
    *(column for column in jobs.c if column.name not in ("headers", "rendered", "waiting", "stored_bytes")),
    *(column.label(f"webhook_{column.name}") for column in webhooks.c if column.name not in ("job_id", "secret")),
).select_from(jobs.outerjoin(webhooks, webhooks.c.job_id == jobs.c.id))


class JobStore:
    def __init__(self, database: Database, *, ttl: float) -> None:
        """Keep a job `ttl` seconds after its end."""
        self._database = database
        self._ttl = ttl

    def create(self, new: NewJob) -> tuple[Job, bool]:
        """Create a job: (job, whether new). A known Idempotency-Key returns its job.

        Raises IdempotencyConflict if that key was used with another body, QuotaExceeded where the plan has no room.
        """
        try:
            return self._create(new)
        except sa.exc.IntegrityError:  # somebody else used the Idempotency-Key in this moment
            return self._create(new)

    def _create(self, new: NewJob) -> tuple[Job, bool]:
        now, job_id = time.time(), str(uuid4())
        with self._database.write(durable=True) as connection:
            if new.idempotency:
                made = self._find_request(connection, new.key_id, new.idempotency, now)
                if made:
                    return self._one(connection, made), False
            if new.plan:
                self._check_limits(connection, new.key_id, new.plan)
            connection.execute(jobs.insert().values(**job_row(new, job_id, now)))
            connection.execute(job_items.insert(), [item_row(job_id, target) for target in new.targets])
            if new.webhook:
                connection.execute(webhooks.insert().values(**webhook_row(new.webhook, job_id)))
            if new.idempotency:
                connection.execute(job_requests.insert().values(**request_row(new, new.idempotency, job_id, now)))
            return self._one(connection, job_id), True

    def _check_limits(self, connection: sa.Connection, key_id: str, plan: Plan) -> None:
        if connection.dialect.name == "postgresql":  # one submission of a key at a time; SQLite has one writer
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(key_id))))
        opened = connection.execute(_OPEN_JOBS, {"key": key_id}).scalar_one()
        if plan.open_jobs is not None and opened >= plan.open_jobs:
            raise too_many_open(plan)
        if is_full(connection, key_id, plan):
            raise storage_full(plan)

    def is_full(self, key_id: str, plan: Plan) -> bool:
        """Tell whether the jobs of a key store as much as its plan allows."""
        if plan.stored_mib is None:
            return False
        with self._database.read() as connection:
            return is_full(connection, key_id, plan)

    def _find_request(self, connection: sa.Connection, key_id: str, asked: Idempotency, now: float) -> str | None:
        mine = (job_requests.c.key_id == key_id) & (job_requests.c.idempotency_key == asked.key)
        connection.execute(job_requests.delete().where(mine, job_requests.c.created_at <= now - IDEMPOTENCY_TTL))
        made = connection.execute(sa.select(job_requests).where(mine)).first()
        if made is None:
            return None
        if made.fingerprint != asked.fingerprint:
            raise IdempotencyConflict
        return str(made.job_id)

    def find(self, key_id: str, job_id: str) -> Job:
        """Raises JobNotFound; another key's job is not found either."""
        query = _SHOWN.where(jobs.c.id == job_id, jobs.c.key_id == key_id, self._kept())
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise JobNotFound
        return read_job(row)

    def list(
        self,
        key_id: str,
        *,
        status: Status | None = None,
        start: float | None = None,
        end: float | None = None,
        page: int = 1,
        page_size: int = 100,
    ) -> tuple[list[Job], int]:
        """List jobs, newest first: (one page, total).

        `start` and `end` bound the time of creation, both inclusive, in Unix seconds.
        """
        wanted = [jobs.c.key_id == key_id, self._kept()]
        if status is not None:
            wanted.append(jobs.c.status == status)
        if start is not None:
            wanted.append(jobs.c.created_at >= start)
        if end is not None:
            wanted.append(jobs.c.created_at <= end)
        query = _SHOWN.where(*wanted).order_by(jobs.c.created_at.desc(), jobs.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).mappings().all()
            count = connection.execute(sa.select(sa.func.count()).select_from(jobs).where(*wanted)).scalar_one()
        return [read_job(row) for row in rows], count

    def results(self, job_id: str, *, offset: int = 0, limit: int | None = None) -> Iterator[Result]:
        """The items that have ended, in input order."""
        query = (
            sa.select(job_items)
            .where(job_items.c.job_id == job_id, job_items.c.status.in_(ENDED))
            .order_by(job_items.c.input_index)
            .offset(offset)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            yield self._result(row)

    def _result(self, row: Any) -> Result:
        stored_at = row.input_index if row.result_of is None else row.result_of
        data = self._data(row.job_id, stored_at) if row.status == Status.COMPLETED else None
        return Result(
            row.input_index,
            row.url,
            Status(row.status),
            row.error_code,
            row.error_message,
            row.http_status,
            row.duration_ms,
            data,
            row.error_reason,
            row.attempts,
        )

    def _data(self, job_id: str, input_index: int) -> bytes | None:
        mine = (job_results.c.job_id == job_id) & (job_results.c.input_index == input_index)
        with self._database.read() as connection:
            return connection.execute(sa.select(job_results.c.data).where(mine)).scalar()

    def cancel(self, key_id: str, job_id: str) -> tuple[Job, int]:
        """Take back what nobody works on yet: (the job, how many of its items are in flight).

        Raises JobNotFound, or JobFinished if it has ended or was cancelled before.
        """
        self.find(key_id, job_id)
        waits = (job_items.c.job_id == job_id) & (job_items.c.status == Status.QUEUED)
        with self._database.write() as connection:
            lock(connection, [job_id])
            if self._one(connection, job_id).status in ENDED:
                raise JobFinished
            taken = connection.execute(job_items.update().where(waits).values(_TAKEN_BACK)).rowcount
            connection.execute(
                jobs.update()
                .where(jobs.c.id == job_id)
                .values(status=Status.CANCELLED, waiting=0, cancelled=jobs.c.cancelled + taken)
            )
            forgot = end_if_done(connection, [job_id])
            job = self._one(connection, job_id)
        if forgot:
            self._database.truncate_log()
        return job, job.pending

    def has_unfinished(self) -> bool:
        """Whether any job is unfinished."""
        return self._any(jobs.c.completed_at.is_(None))

    def has_expired(self) -> bool:
        """Whether any job has expired."""
        return self._any(sa.not_(self._kept()))

    def _any(self, wanted: sa.ColumnElement[bool]) -> bool:
        with self._database.read() as connection:
            return connection.execute(sa.select(jobs.c.id).where(wanted).limit(1)).first() is not None

    def leading(self, task: str) -> AbstractContextManager[bool]:
        """Tell whether this process alone does a task of all hosts until the block ends."""
        return self._database.leading(task)

    def expire(self) -> int:
        """Remove expired jobs; return their number."""
        removed = 0
        with self._database.read() as connection:
            old = connection.execute(sa.select(jobs.c.id).where(sa.not_(self._kept()))).scalars().all()
            for job_id in old:  # one at a time: each is a thousand results, and others want to write, too
                removed += connection.execute(jobs.delete().where(jobs.c.id == job_id)).rowcount
        return removed

    def _kept(self) -> sa.ColumnElement[bool]:
        return sa.or_(jobs.c.completed_at.is_(None), jobs.c.completed_at > time.time() - self._ttl)

    def _one(self, connection: sa.Connection, job_id: str) -> Job:
        return read_job(connection.execute(_SHOWN.where(jobs.c.id == job_id)).mappings().one())


def is_full(connection: sa.Connection, key_id: str, plan: Plan) -> bool:
    if plan.stored_mib is None:
        return False
    return bool(connection.execute(_STORED, {"key": key_id}).scalar_one() >= plan.stored_mib * MIB)


def lock(connection: sa.Connection, job_ids: list[str]) -> None:
    """Hold the rows of these jobs until the transaction ends. (SQLite's writer holds everything.)"""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(jobs.c.id).where(jobs.c.id.in_(job_ids)).order_by(jobs.c.id).with_for_update())


def end_if_done(connection: sa.Connection, job_ids: list[str]) -> bool:
    """End jobs whose last item has ended: forget their headers, and make their webhooks due.

    Tell whether headers were forgotten; the caller truncates the log after its transaction.
    """
    now = time.time()
    with_headers = set(connection.execute(_WITH_HEADERS, {"these": job_ids}).scalars())
    ended = connection.execute(_END, {"these": job_ids, "now": now}).scalars().all()
    if ended:
        connection.execute(_TELL, {"these": ended, "now": now})
    return not with_headers.isdisjoint(ended)


_TAKEN_BACK = {"status": Status.CANCELLED, "retry_at": None}

# Asked often, so built once.
_OF_KEY = jobs.c.key_id == sa.bindparam("key")
_OPEN_JOBS = sa.select(sa.func.count()).select_from(jobs).where(_OF_KEY, jobs.c.completed_at.is_(None))
_STORED = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.stored_bytes), 0)).where(_OF_KEY)
_WITH_HEADERS = sa.select(jobs.c.id).where(
    jobs.c.id.in_(sa.bindparam("these", expanding=True)), jobs.c.headers.is_not(sa.null())
)
_END = (
    jobs.update()
    .where(
        jobs.c.id.in_(sa.bindparam("these", expanding=True)),
        jobs.c.completed_at.is_(None),
        jobs.c.completed + jobs.c.failed + jobs.c.cancelled == jobs.c.total,
    )
    .values(
        completed_at=sa.bindparam("now"),
        headers=sa.null(),
        status=sa.case(
            (jobs.c.status == Status.CANCELLED, Status.CANCELLED),
            (jobs.c.failed == jobs.c.total, Status.FAILED),
            else_=Status.COMPLETED,
        ),
    )
    .returning(jobs.c.id)
)
_TELL = (
    webhooks.update()
    .where(webhooks.c.job_id.in_(sa.bindparam("these", expanding=True)))
    .values(status="pending", next_attempt_at=sa.bindparam("now"))
)
