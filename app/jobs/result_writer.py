"""Write-behind of results: outcomes are stored in groups, each group one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import sqlalchemy as sa
import structlog

from app import metrics
from app.jobs.job import Outcome
from app.jobs.queue import JobQueue

log = structlog.get_logger()

GROUP_BYTES = 2**21  # results stored in one transaction: others want to write, too
GROUP_ITEMS = 64
GROUP_WAIT = 0.2  # seconds that a result waits for company
RETRY = 0.5  # seconds before a failing database is asked again

Entry = tuple[Outcome, Callable[[], None]]


class ResultWriter:
    """Stores outcomes in groups, from a thread of its own."""

    def __init__(self, queue: JobQueue, owner: str) -> None:
        self._queue = queue
        self._owner = owner
        self._outcomes: SimpleQueue[Entry | None] = SimpleQueue()
        threading.Thread(target=self._write, name="ledger", daemon=True).start()

    def enter(self, outcome: Outcome, stored: Callable[[], None]) -> None:
        """Store it soon, and call `stored` then."""
        self._outcomes.put((outcome, stored))

    def hurry(self) -> None:
        """Nobody else is coming: store what there is."""
        self._outcomes.put(None)

    def _write(self) -> None:
        while True:
            group = self._gather()
            self._store([outcome for outcome, _ in group])
            for _, stored in group:
                stored()

    def _gather(self) -> list[Entry]:
        group: list[Entry] = []
        size, until = 0, float("inf")
        while len(group) < GROUP_ITEMS and size < GROUP_BYTES:
            try:
                entry = self._outcomes.get(timeout=None if not group else max(0.0, until - time.monotonic()))
            except Empty:
                break
            if entry is not None:
                group.append(entry)
                size += len(entry[0].data or b"")
                until = min(until, time.monotonic() + GROUP_WAIT)
            elif group:
                break
        return group

    def _store(self, outcomes: list[Outcome]) -> None:
        persist(lambda: self._queue.finish(self._owner, outcomes))
        for outcome in outcomes:
            metrics.JOB_ITEMS.labels(outcome.status).inc()


def persist(action: Callable[[], object]) -> None:
    """Do it until the database lets us."""
    while True:
        try:
            action()
        except sa.exc.SQLAlchemyError:
            log.exception("jobs: the database does not answer")
            time.sleep(RETRY)
        else:
            return
