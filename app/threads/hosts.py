"""Hosts: limits of connections and calls to each host, over all keys of a process.

Rule 1: a host has at most `limit` connections at a time; a host that answers "too many" beside others gets fewer, and
        one more again after each `RECOVERY` seconds.
Rule 2: a host that asks for a pause is left alone for it, for `MAX_PAUSE` seconds at most.
Rule 3: calls whose host has no connection left wait in queues (`HostLine`), never in threads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from math import ceil
from typing import Generic, TypeVar

from app.deadline import Deadline
from app.errors import TargetHttpError

MAX_PAUSE = 60.0  # seconds
RECOVERY = 30.0  # seconds
MAX_HOSTS = 10_000  # kept in mind; idle ones are forgotten beyond

T = TypeVar("T")


class _Host:
    """`ceiling` is the present limit, in force since `lowered_at` (monotonic); a pause ends at `paused_until`."""

    __slots__ = ("calls", "ceiling", "connections", "lowered_at", "paused_until", "status")

    def __init__(self, limit: int) -> None:
        self.calls = self.connections = self.status = 0
        self.ceiling = limit
        self.lowered_at = self.paused_until = 0.0


class Hosts:
    """Connections, calls and pauses by host. Thread-safe."""

    def __init__(self, limit: int) -> None:
        """`limit`: connections to one host at a time; 0 for no limit."""
        self._limit = limit
        self._hosts: dict[str, _Host] = {}
        self._freed = threading.Condition(threading.Lock())

    def may_begin(self, host: str) -> bool:
        """Whether a call to a host would find a connection."""
        known = self._hosts.get(host)  # no lock: a stale answer costs a moment
        return known is None or not host or not self._limit or known.calls < self._ceiling(known)

    def begin(self, host: str) -> None:
        """Count a call that begins."""
        with self._freed:
            self._get(host).calls += 1

    def end(self, host: str) -> None:
        """Count a call that ended."""
        with self._freed:
            self._get(host).calls -= 1
            self._forget(host)

    @contextmanager
    def connection(self, host: str, deadline: Deadline) -> Iterator[int]:
        """Hold a connection, and tell how many the host has with it.

        Raises TargetHttpError during a pause, TargetTimeout where no connection becomes free in time.
        """
        with self._freed:
            self._check_pause(host)
            if not self._take(host):
                deadline.wait(partial(self._freed.wait_for, partial(self._take, host)), "queue")
            beside = self._get(host).connections
        try:
            yield beside
        finally:
            with self._freed:
                self._get(host).connections -= 1
                self._forget(host)
                self._freed.notify_all()

    def lower(self, host: str, beside: int) -> bool:
        """Lower the limit of a host below the `beside` connections it refused; False for a single connection."""
        with self._freed:
            known = self._get(host)
            known.ceiling = max(1, min(self._ceiling(known), beside - 1))
            known.lowered_at = time.monotonic()
            return beside > 1

    def pause(self, host: str, seconds: float, status: int) -> None:
        """Leave a host alone, which answered with `status`, for so many seconds and `MAX_PAUSE` at most."""
        with self._freed:
            known = self._get(host)
            known.paused_until = max(known.paused_until, time.monotonic() + min(seconds, MAX_PAUSE))
            known.status = status

    def _check_pause(self, host: str) -> None:
        known = self._hosts.get(host)
        if known and (left := known.paused_until - time.monotonic()) > 0:
            raise TargetHttpError.paused(known.status, ceil(left))

    def _take(self, host: str) -> bool:
        known = self._get(host)
        if self._limit and known.connections >= self._ceiling(known):
            return False
        known.connections += 1
        return True

    def _ceiling(self, known: _Host) -> int:
        """The present limit, which grows with the time since it was lowered."""
        if known.ceiling >= self._limit:
            return self._limit
        return min(self._limit, known.ceiling + int((time.monotonic() - known.lowered_at) / RECOVERY))

    def _get(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            self._make_room()
            known = self._hosts[host] = _Host(self._limit)
        return known

    def _forget(self, host: str) -> None:
        """Drop a host that has nothing to remember."""
        if self._is_idle(self._hosts[host]):
            del self._hosts[host]

    def _make_room(self) -> None:
        if len(self._hosts) >= MAX_HOSTS:
            self._hosts = {host: known for host, known in self._hosts.items() if not self._is_idle(known)}

    def _is_idle(self, known: _Host) -> bool:
        busy = known.calls or known.connections or known.paused_until > time.monotonic()
        return not busy and self._ceiling(known) == self._limit


class HostLine(Generic[T]):
    """Queue of calls by host, which take turns; a host without a free connection is passed over.

    Not thread-safe: callers hold a lock. Has the methods of a deque that a fair queue needs.
    """

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, items: Iterable[tuple[str, T]]) -> None:
        for host, item in items:
            self._lines.setdefault(host, deque()).append(item)
            self._length += 1

    @property
    def ready(self) -> bool:
        """Whether an item's host has a free connection."""
        return self._next() is not None

    def popleft(self) -> tuple[str, T]:
        """Take the next item whose host has a free connection. Raises IndexError for none."""
        host = self._next()
        if host is None:
            raise IndexError("no host has a free connection")
        line = self._lines[host]
        item = line.popleft()
        self._length -= 1
        if line:
            self._lines.move_to_end(host)
        else:
            del self._lines[host]
        return host, item

    def _next(self) -> str | None:
        return next(filter(self._hosts.may_begin, self._lines), None)
