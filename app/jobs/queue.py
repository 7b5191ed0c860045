"""Queue of items: leases, outcomes and lapsed holders.

Rule 1: an item has one owner at a time; a result is written once, and only by the owner of its item.
Rule 2: an owner lives as long as it is seen (`beat`, by the database's clock); what a dead owner held is queued
        again, so a URL may be fetched twice, and its result is still stored once.
Rule 3: keys take turns: a claim goes to whoever has the least in work, and nobody may hold all that is free.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app import metrics
from app.jobs.clock import clock
from app.jobs.deferral import postpone, ripen
from app.jobs.job import Item, Outcome, Status
from app.jobs.outcomes import first_outcomes, store_outcomes
from app.jobs.store import end_if_done, lock
from app.jobs.turns import Rota, share
from app.storage.database import Database
from app.storage.schema import job_items, job_owners, jobs

LEASE = 8  # seconds without a beat after which an owner is dead

Charge = Callable[[sa.Connection, str, int], None]
"""Counts URLs against a key's month, in the transaction that stores their results."""


class JobQueue:
    def __init__(self, database: Database, charge: Charge) -> None:
        self._database = database
        self._charge = charge
        self._rota = Rota()

    def waiting(self, *, rendered: bool | None = None) -> int:
        """Count waiting items, of one kind or of both."""
        kinds = [rendered] if rendered is not None else [False, True]
        query = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.waiting), 0)).where(
            jobs.c.waiting > 0, jobs.c.rendered.in_(kinds)
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def claim(
        self, owner: str, room: int, *, rendered: bool = False, busy: Mapping[str, int] | None = None
    ) -> list[Item]:
        """Take up to `room` items. `busy`: how many of each key this owner has in work already."""
        if not room:
            return []
        with self._database.read() as connection:
            waiting = self._rota.next(connection, rendered=rendered)
        shares = share(room, waiting, busy or {})
        if not shares:
            return []
        with self._database.write() as connection:
            self._enlist(connection, owner)
            return _take(connection, owner, _hold(connection, sorted(shares)), shares)

    def finish(self, owner: str, outcomes: Iterable[Outcome]) -> int:
        """Store outcomes of the items whose lease `owner` still holds; return the number of items that ended.

        An item that failed for a while is queued again after its pause.
        """
        by_job: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            by_job[outcome.item.job_id].append(outcome)
        charges: Counter[str] = Counter()
        stored: list[Outcome] = []
        with self._database.write() as connection:
            lock(connection, sorted(by_job))
            for job_id in sorted(by_job):
                kept = self._keep(connection, owner, job_id, by_job[job_id])
                stored += kept
                charges.update(outcome.item.key_id for outcome in kept if outcome.status == Status.COMPLETED)
            forgot = end_if_done(connection, sorted(by_job))
            for key_id in sorted(charges):
                self._charge(connection, key_id, charges[key_id])
        if forgot:
            self._database.truncate_log()
        for outcome in stored:
            metrics.JOB_ITEMS.labels(outcome.status).inc()
        return len(stored)

    def _keep(self, connection: sa.Connection, owner: str, job_id: str, outcomes: list[Outcome]) -> list[Outcome]:
        mine = set(connection.execute(_OWNED, {"of_job": job_id, "by": owner}).scalars())
        kept = first_outcomes(outcome for outcome in outcomes if outcome.item.input_index in mine)
        ended = postpone(connection, job_id, kept)
        if ended:
            counts = Counter(outcome.status for outcome in ended)
            size = store_outcomes(connection, job_id, ended)
            connection.execute(
                _COUNT_ENDED,
                {"of_job": job_id, "size": size, "read": counts[Status.COMPLETED], "lost": counts[Status.FAILED]},
            )
        return ended

    def now(self) -> float:
        """Unix seconds of the database's clock, which dates leases."""
        with self._database.read() as connection:
            return float(connection.execute(_NOW).scalar_one())

    def beat(self, owner: str) -> None:
        """Be seen."""
        with self._database.write() as connection:
            self._see(connection, owner)

    def leave(self, owner: str) -> None:
        """End as an owner; what is still held is queued again."""
        self.bury(owner)
        self.requeue()

    def bury(self, prefix: str) -> None:
        """Expire all lease holders with this prefix of an id, whatever their heartbeats."""
        with self._database.write() as connection:
            connection.execute(job_owners.delete().where(job_owners.c.id.startswith(prefix, autoescape=True)))

    def requeue(self) -> int:
        """Queue items of lapsed leases again, or cancel them in a cancelled job; return their number."""
        with self._database.read() as connection:
            job_ids = sorted(connection.execute(self._jobs_of_the_dead()).scalars())
        if not job_ids:
            return 0
        with self._database.write() as connection:
            lock(connection, job_ids)
            freed = sum(self._free(connection, job_id) for job_id in job_ids)
            forgot = end_if_done(connection, job_ids)
            connection.execute(job_owners.delete().where(sa.not_(self._alive())))
        if forgot:
            self._database.truncate_log()
        return freed

    def ripen(self) -> int:
        """Let items be claimed whose pause is over; return their number."""
        return ripen(self._database)

    def _free(self, connection: sa.Connection, job_id: str) -> int:
        of_job = jobs.c.id == job_id
        status = connection.execute(sa.select(jobs.c.status).where(of_job)).scalar_one()
        cancelled = status == Status.CANCELLED
        freed = connection.execute(
            job_items.update()
            .where(job_items.c.job_id == job_id, self._held_by_the_dead())
            .values(status=Status.CANCELLED if cancelled else Status.QUEUED, owner=None)
        ).rowcount
        counter = jobs.c.cancelled if cancelled else jobs.c.waiting
        connection.execute(jobs.update().where(of_job).values({counter: counter + freed}))
        return freed

    def _jobs_of_the_dead(self) -> sa.Select[Any]:
        return sa.select(job_items.c.job_id).distinct().where(self._held_by_the_dead())

    def _held_by_the_dead(self) -> sa.ColumnElement[bool]:
        alive = sa.select(job_owners.c.id).where(self._alive())
        return sa.and_(job_items.c.owner.is_not(None), job_items.c.owner.not_in(alive))

    def _alive(self) -> sa.ColumnElement[bool]:
        # A date in the future was written before the clock was set back; its lease is as old as any other.
        return job_owners.c.seen_at.between(clock() - LEASE, clock() + LEASE)

    def _see(self, connection: sa.Connection, owner: str) -> None:
        if not connection.execute(_SEE, {"who": owner}).rowcount:
            connection.execute(job_owners.insert().values(id=owner, seen_at=clock()))

    def _enlist(self, connection: sa.Connection, owner: str) -> None:
        """Begin a lease where there is none. A claim renews none: renewals would wait for the claim."""
        if not connection.execute(_IS_ENLISTED, {"who": owner}).first():
            self._see(connection, owner)


# What is asked many times a second is built once: SQLAlchemy takes longer to put a statement together than the
# database to answer it.
_OF_JOB = job_items.c.job_id == sa.bindparam("of_job")
_THE_JOB = jobs.c.id == sa.bindparam("of_job")

_HELD = (
    sa.select(jobs.c.id, jobs.c.key_id, jobs.c.config, jobs.c.headers)
    .where(jobs.c.id.in_(sa.bindparam("these", expanding=True)), jobs.c.waiting > 0)
    .order_by(jobs.c.id)
)
# The items are read first: PostgreSQL plans an update with a limited subquery as a nested loop over the whole job.
_FIRST_QUEUED = (
    sa.select(job_items.c.input_index, job_items.c.url, job_items.c.attempts)
    .where(_OF_JOB, job_items.c.status == Status.QUEUED, job_items.c.retry_at.is_(None))
    .order_by(job_items.c.input_index)
    .limit(sa.bindparam("room", type_=sa.Integer))
)
_TAKE = (
    job_items.update()
    .where(_OF_JOB, job_items.c.input_index == sa.bindparam("at"))
    .values(status=Status.PROCESSING, owner=sa.bindparam("by"))
)
_COUNT_TAKEN = (
    jobs.update()
    .where(_THE_JOB)
    .values(waiting=jobs.c.waiting - sa.bindparam("taken", type_=sa.Integer), status=Status.PROCESSING)
)
_IS_ENLISTED = sa.select(job_owners.c.id).where(job_owners.c.id == sa.bindparam("who"))
_NOW = sa.select(clock())
_SEE = job_owners.update().where(job_owners.c.id == sa.bindparam("who")).values(seen_at=clock())
_OWNED = sa.select(job_items.c.input_index).where(_OF_JOB, job_items.c.owner == sa.bindparam("by"))
_COUNT_ENDED = (
    jobs.update()
    .where(_THE_JOB)
    .values(
        completed=jobs.c.completed + sa.bindparam("read", type_=sa.Integer),
        failed=jobs.c.failed + sa.bindparam("lost", type_=sa.Integer),
        stored_bytes=jobs.c.stored_bytes + sa.bindparam("size", type_=sa.BigInteger),
    )
)


def _hold(connection: sa.Connection, job_ids: list[str]) -> Sequence[Any]:
    """Lock jobs without a lock of another transaction; if all are locked, wait."""
    free = connection.execute(_HELD.with_for_update(skip_locked=True), {"these": job_ids}).all()
    return free or connection.execute(_HELD.with_for_update(), {"these": job_ids}).all()


def _take(connection: sa.Connection, owner: str, held: Sequence[Any], shares: Mapping[str, int]) -> list[Item]:
    """Hand items of jobs that this transaction holds to an owner, of each job as many as its share."""
    taken = [item for job in held for item in _first_queued(connection, job, shares[job.id])]
    if taken:
        connection.execute(_TAKE, [{"of_job": item.job_id, "at": item.input_index, "by": owner} for item in taken])
        counts = Counter(item.job_id for item in taken)
        connection.execute(_COUNT_TAKEN, [{"of_job": job_id, "taken": counts[job_id]} for job_id in counts])
    return taken


def _first_queued(connection: sa.Connection, job: Any, room: int) -> list[Item]:
    rows = connection.execute(_FIRST_QUEUED, {"of_job": job.id, "room": room})
    return [
        Item(job.id, job.key_id, index, url, job.config, job.headers or {}, attempts + 1)
        for index, url, attempts in rows
    ]
