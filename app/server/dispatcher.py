"""Dispatcher: the request threads of a worker, shared fairly between tenants (app.threads.fair_queue)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import structlog

from app import metrics
from app.server.receiver import Receiver
from app.threads.fair_queue import FairQueue, overloaded

log = structlog.get_logger()

Call = Callable[[], None]

KNOWN_KEYS = 10_000  # keys that a worker remembers


class Dispatcher:
    """All threads start at once: a server has as many after a burst as before."""

    def __init__(self, size: int) -> None:
        self._queue: FairQueue[tuple[str, Call]] = FairQueue(size)
        self._lock = threading.Lock()
        self._parked: list[threading.Lock] = []  # each releases a thread that waits for work
        for number in range(size):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    @property
    def is_idle(self) -> bool:
        return not (self._queue.waiting or self._queue.running)

    @property
    def has_parked_threads(self) -> bool:
        """Whether no request waits for a thread, and half of the threads are parked."""
        return not self._queue.waiting and 2 * len(self._parked) >= self._queue.size

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a thread."""
        return self._queue.waiting

    def submit(self, tenant: str, call: Call, *, begun: bool = False) -> None:
        """Queue a call. Raises Overloaded if the queue is full, unless the call goes on with work that has begun."""
        with self._lock:
            if not (begun or self._queue.has_room(tenant, 1)):
                raise overloaded("Too many requests wait just now")
            self._queue.put(tenant, [(tenant, call)])
            self._unpark()

    def _unpark(self) -> None:
        """Wake the most recently parked thread: its CPU cache is the warmest."""
        if self._parked:
            self._parked.pop().release()

    def _work(self) -> None:
        wakeup = threading.Lock()
        wakeup.acquire()
        while True:
            self._run_next(wakeup)

    def _run_next(self, wakeup: threading.Lock) -> None:
        """Run a call and drop every reference to it: a call holds a request and its answer."""
        tenant, call = self._next(wakeup)
        try:
            call()
        except Exception:
            metrics.SERVER_ERRORS.inc()
            log.exception("exception in a request thread")
        finally:
            self._end(tenant)

    def _next(self, wakeup: threading.Lock) -> tuple[str, Call]:
        while True:
            with self._lock:
                tenant = self._queue.whose_turn()
                if tenant is not None:
                    return self._queue.take(tenant)
                self._parked.append(wakeup)
            wakeup.acquire()

    def _end(self, tenant: str) -> None:
        with self._lock:
            self._queue.end(tenant)
            if self._queue.waiting:
                self._unpark()


class KnownKeys:
    """Keys accepted by the application. Each has a turn of its own; all unknown keys share a turn."""

    def __init__(self, size: int = KNOWN_KEYS) -> None:
        self._size = size
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: str) -> None:
        """Request thread."""
        with self._lock:
            self._keys[key] = None
            self._keys.move_to_end(key)
            if len(self._keys) > self._size:
                self._keys.popitem(last=False)

    def tenant(self, receiver: Receiver) -> str:
        """Name the tenant that a request is queued for."""
        if receiver.key:
            return receiver.key if receiver.key in self._keys else "unknown key"
        return "no key" if receiver.asks_for_key else "site"
