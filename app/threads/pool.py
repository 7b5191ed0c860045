"""The threads that fetch: bounded, shared fairly between tenants (app.threads.fair_queue), considerate of hosts.

Batches are bounded as calls are: a batch keeps a request waiting, and requests are worth more than calls.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat

from app.threads.fair_queue import SHARE, FairQueue, less, overloaded
from app.threads.gil_gate import blocking, computing
from app.threads.hosts import HostLine, Hosts

Call = Callable[[], None]


@dataclass(slots=True)
class _Batch:
    tenant: str
    left: int


class FairPool:
    """`size` threads, started as they are needed; daemons, so that a stop never waits for a stranger."""

    def __init__(
        self,
        size: int,
        *,
        batches: int,
        hosts: Hosts | None = None,
        observe: Callable[[int, int], None] = lambda waiting, busy: None,
    ) -> None:
        """`batches`: the most that may be under way at once. `hosts`: their limits; none by default.

        `observe` is told, as batches come and go, how many calls wait and how many run.
        """
        self.size = size
        self._observe = observe
        self._most_batches = batches
        self._hosts = hosts or Hosts(0)
        self._queue: FairQueue[tuple[str, tuple[_Batch, Call]]] = FairQueue(size, partial(HostLine, self._hosts))
        self._batches: Counter[str] = Counter()
        self._idle = 0
        self._threads = 0
        self._sent = False  # whether a thread is on its way to look for a call
        self._closed = False
        self._state = threading.Condition(threading.Lock())

    @property
    def running(self) -> int:
        """How many calls run."""
        return self._queue.running

    def submit(self, tenant: str, calls: Sequence[Call], hosts: Sequence[str] = ()) -> None:
        """Queue a batch of calls, which may not raise, beside the hosts they ask.

        Raises Overloaded, queueing none, if there is no room.
        """
        with self._state:
            self._make_sure_of_room(tenant, len(calls))
            batch = _Batch(tenant, len(calls))
            places = zip(hosts or repeat(""), calls, strict=False)
            self._queue.put(tenant, [(host, (batch, call)) for host, call in places])
            self._batches[tenant] += 1
            self._send_one()
            self._observe(self._queue.waiting, self._queue.running)

    def fill(self) -> None:
        """Start all threads, so that no burst waits for a start."""
        with self._state:
            while self._threads < self.size:
                self._start_thread(sent=False)

    def close(self) -> None:
        """Let the threads end, each when its call has; what waits is not begun."""
        with self._state:
            self._closed = True
            self._state.notify_all()

    def _make_sure_of_room(self, tenant: str, calls: int) -> None:
        if (
            not self._queue.has_room(tenant, calls)
            or self._batches.total() >= self._most_batches
            or self._batches[tenant] >= SHARE * self._most_batches
        ):
            raise overloaded()

    def _send_one(self) -> None:
        """Wake or start one thread.

        Each thread wakes the next once its call begins: threads that start together contend for the GIL.
        """
        if self._sent or self._queue.whose_turn() is None:
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
        with computing:
            while not self._closed:
                taken = self._next(sent=sent)
                if taken:
                    self._call(*taken)
                sent = not taken and self._sleep()

    def _call(self, host: str, batch: _Batch, call: Call) -> None:
        try:
            call()
        finally:
            self._done(host, batch)

    def _sleep(self) -> bool:
        """Park until woken, True; False at once where a call is ready or the pool is closed."""
        with blocking, self._state:
            if self._closed or self._queue.whose_turn() is not None:
                return False
            self._idle += 1  # whoever wakes this thread takes it off
            self._state.wait()
            return True

    def _next(self, *, sent: bool) -> tuple[str, _Batch, Call] | None:
        with self._state:
            if sent:
                self._sent = False
            tenant = self._queue.whose_turn()
            if tenant is None:
                return None
            host, (batch, call) = self._queue.take(tenant)
            self._hosts.begin(host)
            self._send_one()
            return host, batch, call

    def _done(self, host: str, batch: _Batch) -> None:
        with self._state:
            self._hosts.end(host)
            self._queue.end(batch.tenant)
            batch.left -= 1
            if not batch.left:
                less(self._batches, batch.tenant)
                self._observe(self._queue.waiting, self._queue.running)
