"""The threads that answer requests, shared fairly between tenants as app.pool shares those that fetch.

Rule 1: a free thread goes to the tenants in turn, however many requests one of them has waiting.
Rule 2: a tenant has at most `GREED` times as many threads as are free, so that a newcomer always finds one.
Rule 3: what does not fit into the queue is refused at once.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from app.errors import Overloaded
from app.pool import GREED, QUEUE_FACTOR, RETRY_AFTER, SHARE

Call = Callable[[], None]


class Desk:
    """All its threads start with it: a server has as many after any burst as before."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._most_waiting = size * QUEUE_FACTOR
        self._queues: OrderedDict[str, deque[Call]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._waiting = 0
        self._state = threading.Condition(threading.Lock())
        for number in range(size):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._running)

    def submit(self, tenant: str, call: Call) -> None:
        """Have it called. Raises Overloaded if there is no room."""
        with self._state:
            own = len(self._queues.get(tenant, ()))
            if self._waiting >= self._most_waiting or own >= SHARE * self._most_waiting:
                error = Overloaded("Too many requests wait just now")
                error.retry_after = RETRY_AFTER
                raise error
            self._queues.setdefault(tenant, deque()).append(call)
            self._waiting += 1
            self._state.notify()

    def _work(self) -> None:
        while True:
            tenant, call = self._next()
            try:
                call()
            finally:
                self._done(tenant)

    def _next(self) -> tuple[str, Call]:
        with self._state:
            while (tenant := self._whose_turn()) is None:
                self._state.wait()
            self._waiting -= 1
            self._running[tenant] += 1
            return tenant, self._take(tenant)

    def _whose_turn(self) -> str | None:
        free = self._size - self._running.total()
        return next((tenant for tenant in self._queues if self._running[tenant] < GREED * free), None)

    def _take(self, tenant: str) -> Call:
        queue = self._queues[tenant]
        call = queue.popleft()
        if queue:
            self._queues.move_to_end(tenant)
        else:
            del self._queues[tenant]
        return call

    def _done(self, tenant: str) -> None:
        with self._state:
            self._running[tenant] -= 1
            if not self._running[tenant]:
                del self._running[tenant]
            if self._waiting:
                self._state.notify()
