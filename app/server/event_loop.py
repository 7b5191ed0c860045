"""Event loop of a worker: waits in one thread for sockets and for calls from request threads.

Rule 1: every socket is registered here, by `watch`; watching a source again replaces its callback.
Rule 2: an exception in a callback costs the connection that it was called for: it is logged, counted and closed.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import structlog

from app import metrics

log = structlog.get_logger()

READABLE, WRITABLE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Subject(Protocol):
    """Connection in the view of the loop."""

    @property
    def closed(self) -> bool: ...


class Source(Protocol):
    """A socket or another object with a file descriptor."""

    def fileno(self) -> int: ...


Callback = Callable[[], object]


class EventLoop:
    """Methods run in the loop's thread, except `call`."""

    def __init__(self, fail: Callable[[Any], None]) -> None:
        """`fail` closes the connection that an exception was raised for."""
        self._fail = fail
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Source, tuple[Subject | None, Callback]] = {}
        self._calls: SimpleQueue[tuple[Subject | None, Callback]] = SimpleQueue()
        self._wakeup = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._woken = False
        self._selector.register(self._wakeup, READABLE)

    def watch(self, source: Source, events: int, callback: Callback, subject: Subject | None = None) -> None:
        """Call `callback` whenever `source` is ready."""
        if source in self._watched:
            self._selector.modify(source, events)
        else:
            self._selector.register(source, events)
        self._watched[source] = subject, callback

    def unwatch(self, source: Source) -> None:
        if self._watched.pop(source, None):
            self._selector.unregister(source)

    def call(self, callback: Callback, subject: Subject | None = None) -> None:
        """Call `callback` in the loop's thread. Runs in any thread."""
        self._calls.put((subject, callback))
        if not self._woken:
            self._woken = True
            os.eventfd_write(self._wakeup, 1)

    def turn(self, timeout: float) -> None:
        """Wait for events, at most `timeout` seconds, and handle them."""
        for key, _ in self._selector.select(timeout):
            if key.fileobj == self._wakeup:
                self._run_calls()
            elif key.fileobj in self._watched:  # an earlier event of this turn may have closed it
                self._run(*self._watched[key.fileobj])

    def _run_calls(self) -> None:
        os.eventfd_read(self._wakeup)
        self._woken = False
        for _ in range(self._calls.qsize()):
            try:
                self._run(*self._calls.get_nowait())
            except Empty:
                return

    def _run(self, subject: Subject | None, callback: Callback) -> None:
        if subject and subject.closed:
            return
        try:
            callback()
        except Exception:
            metrics.SERVER_ERRORS.inc()
            log.exception("exception in the event loop")
            if subject:
                self._fail(subject)
