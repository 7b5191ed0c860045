"""The threads that answer requests, shared fairly between tenants (app.threads.fair_queue)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from app import metrics
from app.threads.fair_queue import FairQueue, overloaded

log = structlog.get_logger()

Call = Callable[[], None]


class Desk:
    """All its threads start with it: a server has as many after any burst as before."""

    def __init__(self, size: int) -> None:
        self._queue: FairQueue[tuple[str, Call]] = FairQueue(size)
        self._state = threading.Lock()
        self._bells: list[threading.Lock] = []  # of the threads that sleep
        for number in range(size):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    @property
    def idle(self) -> bool:
        return not (self._queue.waiting or self._queue.running)

    @property
    def has_threads_to_spare(self) -> bool:
        """Whether nobody waits for a thread, and half of them sleep."""
        return not self._queue.waiting and 2 * len(self._bells) >= self._queue.size

    @property
    def waiting(self) -> int:
        """How many requests no thread has begun."""
        return self._queue.waiting

    def submit(self, tenant: str, call: Call) -> None:
        """Have it called. Raises Overloaded if there is no room."""
        with self._state:
            if not self._queue.has_room(tenant, 1):
                raise overloaded("Too many requests wait just now")
            self._queue.put(tenant, [(tenant, call)])
            self._wake_one()

    def _wake_one(self) -> None:
        """Whoever fell asleep last: the processor's caches still know what it works with."""
        if self._bells:
            self._bells.pop().release()

    def _work(self) -> None:
        bell = threading.Lock()
        bell.acquire()
        while True:
            tenant, call = self._next(bell)
            try:
                call()
            except Exception:
                metrics.LOOP_ERRORS.inc()
                log.exception("exception in a request thread")
            finally:
                self._done(tenant)

    def _next(self, bell: threading.Lock) -> tuple[str, Call]:
        while True:
            with self._state:
                tenant = self._queue.whose_turn()
                if tenant is not None:
                    return self._queue.take(tenant)
                self._bells.append(bell)
            bell.acquire()

    def _done(self, tenant: str) -> None:
        with self._state:
            self._queue.end(tenant)
            if self._queue.waiting:
                self._wake_one()
