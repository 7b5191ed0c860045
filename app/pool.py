"""The threads that fetch: bounded, and shared fairly between tenants.

Rule 1: a free thread goes to the tenants in turn, however much one of them has queued.
Rule 2: a tenant may hold at most `GREED` times what is free, so that a newcomer always finds a thread
        (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
Rule 3: the queue is bounded, in calls and in batches, in all and per tenant: what does not fit is refused at
        once, whole. (A batch keeps a request waiting, and requests are worth more than calls.)
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.baton import resting, running
from app.errors import Overloaded

GREED = 2  # one tenant alone gets two thirds of the pool
QUEUE_FACTOR = 8  # calls that may wait, for each thread
SHARE = 2 / 3  # of the queue and of the batches, for one tenant
RETRY_AFTER = 2  # seconds

Call = Callable[[], None]


@dataclass(slots=True)
class _Batch:
    tenant: str
    left: int


class FairPool:
    """`size` threads, started as they are needed; daemons, so that a stop never waits for a stranger."""

    def __init__(
        self, size: int, *, batches: int, observe: Callable[[int, int], None] = lambda waiting, busy: None
    ) -> None:
        """`batches`: the most that may be under way at once.

        `observe` is told, as batches come and go, how many calls wait and how many run.
        """
        self.size = size
        self._observe = observe
        self._most_waiting = size * QUEUE_FACTOR
        self._most_batches = batches
        self._queues: OrderedDict[str, deque[tuple[_Batch, Call]]] = OrderedDict()
        self._batches: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._waiting = 0
        self._idle = 0
        self._threads = 0
        self._sent = False  # whether a thread is on its way to look for a call
        self._closed = False
        self._state = threading.Condition(threading.Lock())

    def submit(self, tenant: str, calls: Sequence[Call]) -> None:
        """Queue a batch of calls, none of which may raise. Raises Overloaded, queueing none, if there is no room."""
        with self._state:
            self._make_sure_of_room(tenant, len(calls))
            batch = _Batch(tenant, len(calls))
            self._queues.setdefault(tenant, deque()).extend((batch, call) for call in calls)
            self._batches[tenant] += 1
            self._waiting += len(calls)
            self._send_one()
            self._observe(self._waiting, self._running.total())

    def fill(self) -> None:
        """Start all threads now, so that no burst waits for them to be started."""
        with self._state:
            while self._threads < self.size:
                self._start_thread(sent=False)

    def close(self) -> None:
        """Let the threads end, each when its call has; what waits is not begun."""
        with self._state:
            self._closed = True
            self._state.notify_all()

    def _make_sure_of_room(self, tenant: str, calls: int) -> None:
        own = len(self._queues.get(tenant, ()))
        if (
            self._waiting + calls > self._most_waiting
            or own + calls > SHARE * self._most_waiting
            or self._batches.total() >= self._most_batches
            or self._batches[tenant] >= SHARE * self._most_batches
        ):
            error = Overloaded()
            error.retry_after = RETRY_AFTER
            raise error

    def _send_one(self) -> None:
        """See to it that one more thread looks for a call.

        It sends the next when its turn has come: a crowd that starts at once is in its own way.
        """
        if self._sent or not self._waiting:
            return
        self._sent = True
        if self._idle:
            self._idle -= 1
            self._state.notify()
        elif self._threads < self.size:
            self._start_thread(sent=True)
        else:
            self._sent = False

    def _start_thread(self, *, sent: bool) -> None:
        name = f"fetch-{self._threads}"
        threading.Thread(target=self._work, args=(sent,), name=name, daemon=True).start()
        self._threads += 1

    def _work(self, sent: bool) -> None:
        with running:
            while not self._closed:
                taken = self._next(sent=sent)
                if taken:
                    self._call(*taken)
                sent = not taken and self._sleep()

    def _call(self, batch: _Batch, call: Call) -> None:
        try:
            call()
        finally:
            self._done(batch)

    def _sleep(self) -> bool:
        """Until there is something to do; whether this thread was sent for it."""
        with resting, self._state:
            if self._closed or self._whose_turn() is not None:
                return False
            self._idle += 1  # whoever wakes this thread takes it off
            self._state.wait()
            return True

    def _next(self, *, sent: bool) -> tuple[_Batch, Call] | None:
        with self._state:
            if sent:
                self._sent = False
            tenant = self._whose_turn()
            if tenant is None:
                return None
            taken = self._take(tenant)
            self._send_one()
            return taken

    def _take(self, tenant: str) -> tuple[_Batch, Call]:
        self._waiting -= 1
        self._running[tenant] += 1
        queue = self._queues[tenant]
        taken = queue.popleft()
        if queue:
            self._queues.move_to_end(tenant)
        else:
            del self._queues[tenant]
        return taken

    def _whose_turn(self) -> str | None:
        free = self.size - self._running.total()
        return next((tenant for tenant in self._queues if self._running[tenant] < GREED * free), None)

    def _done(self, batch: _Batch) -> None:
        with self._state:
            _less(self._running, batch.tenant)
            batch.left -= 1
            if not batch.left:
                _less(self._batches, batch.tenant)
                self._observe(self._waiting, self._running.total())


def _less(counts: Counter[str], tenant: str) -> None:
    counts[tenant] -= 1
    if not counts[tenant]:
        del counts[tenant]
