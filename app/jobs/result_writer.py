"""Write-behind of results: outcomes are stored in groups, each group one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

import sqlalchemy as sa
import structlog

from app.errors import InternalError
from app.jobs.job import Outcome, failed
from app.jobs.process import start_vital_thread
from app.jobs.queue import JobQueue

log = structlog.get_logger()

GROUP_BYTES = 2**21  # results stored in one transaction: others want to write, too
GROUP_ITEMS = 64
GROUP_WAIT = 0.2  # seconds that a result waits for company
RETRY = 0.5  # seconds before a failing database is asked again

# Errors that pass: no connection, a full disk, a lock that was held too long.
DATABASE_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
PROXY_GONE = (OSError, EOFError)  # raised by multiprocessing when the database proxy has ended

T = TypeVar("T")
Entry = tuple[Outcome, Callable[[], None]]


class ResultWriter:
    """Stores outcomes in groups, from a thread of its own."""

    def __init__(self, queue: JobQueue, owner: str) -> None:
        self._queue = queue
        self._owner = owner
        self._outcomes: SimpleQueue[Entry | None] = SimpleQueue()
        start_vital_thread("result-writer", self._write)

    def enter(self, outcome: Outcome, stored: Callable[[], None]) -> None:
        """Store it soon, and call `stored` then."""
        self._outcomes.put((outcome, stored))

    def hurry(self) -> None:
        """Store the waiting outcomes at once."""
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
        try:
            persist(lambda: self._queue.finish(self._owner, outcomes))
        except PROXY_GONE:
            raise
        except Exception:
            log.exception("jobs: the database refuses results", results=len(outcomes))
            self._store_apart(outcomes)

    def _store_apart(self, outcomes: list[Outcome]) -> None:
        """Store each outcome by itself, and an internal error in place of the only one."""
        if len(outcomes) == 1:
            refused = failed(outcomes[0].item, InternalError())
            persist(lambda: self._queue.finish(self._owner, [refused]))
            return
        for outcome in outcomes:
            self._store([outcome])


def persist(action: Callable[[], T]) -> T:
    """Repeat an action while the database is away. Raises every other error of the database."""
    while True:
        try:
            return action()
        except DATABASE_AWAY:
            log.exception("jobs: the database does not answer")
            time.sleep(RETRY)
