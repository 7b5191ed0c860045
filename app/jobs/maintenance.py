"""Maintenance of jobs: lapsed leases, deferred items and expired jobs. One process of all hosts does it at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog

from app import metrics
from app.jobs.dependencies import JobDependencies
from app.jobs.queue import LEASE

log = structlog.get_logger()

SWEEP = 2.0  # seconds between two searches for what dead owners held
EXPIRY = 300.0  # seconds between two removals of old jobs


class LeaseClock:
    """Says when leases can be judged: not within one lease after the database's clock was set or this process
    stood still, since lease holders that live have not been able to renew theirs."""

    def __init__(self, database_time: Callable[[], float], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database_time = database_time
        self._monotonic = monotonic
        self._last: tuple[float, float] | None = None  # (monotonic, database's clock less monotonic)
        self._judges_from = float("-inf")

    def judges(self) -> bool:
        """Tell whether leases can be judged now. To be asked every `SWEEP` seconds."""
        now = self._monotonic()
        offset = self._database_time() - now
        if self._last and (now - self._last[0] > LEASE or abs(offset - self._last[1]) > LEASE / 2):
            log.warning("jobs: the clock was set, or this process stood still", seconds=round(now - self._last[0], 1))
            self._judges_from = now + LEASE
        self._last = (now, offset)
        return now >= self._judges_from


class Housekeeper:
    """Does what is due between the items of an engine."""

    def __init__(self, tools: JobDependencies) -> None:
        self._tools = tools
        self._expire_at = time.monotonic()
        self._lease_clock = LeaseClock(tools.queue.now)

    def look(self) -> int:
        """Queue items again whose lease lapsed or whose pause is over, and remove expired jobs; return their number."""
        judges = self._lease_clock.judges()
        with self._tools.store.leading("housekeeping") as leads:
            freed = self._lead(judges) if leads else 0
        metrics.JOBS_PENDING.set(self._tools.queue.waiting())
        return freed

    def _lead(self, judges: bool) -> int:
        now = time.monotonic()
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY
            self._tools.store.expire()
        freed = self._tools.queue.requeue() if judges else 0
        return freed + self._tools.queue.ripen()


def quietly(action: Callable[[], object]) -> None:
    """Do it if the database answers."""
    try:
        action()
    except sa.exc.SQLAlchemyError:
        log.exception("jobs: the database does not answer")
