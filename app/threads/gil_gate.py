"""GIL gate: of the fetch threads only one runs Python at a time, the others block on I/O. Avoids the GIL convoy.

CPython computes in one thread at a time anyway, but whoever makes a system call hands its lock to whoever wants it
and queues for it again: with a hundred threads in the middle of their pages that is two switches of threads for
every `recv`. A thread that holds the baton makes its calls without a crowd behind it; the others sleep until it
waits for something that takes time.

Rule 1: the baton is a courtesy and protects nothing: where it does not move for `PATIENCE`, one goes without.
Rule 2: who goes to sleep (`blocking`) puts it down first.
"""

from __future__ import annotations

import threading

PATIENCE = 0.2  # seconds: whoever holds it may be stuck in something that nobody thought of


class _Thread(threading.local):
    """`runs`: this thread is one of the crowd."""

    runs = False
    holds_gate = False


_gate = threading.Lock()
_passed = [0]  # how often: written by whoever holds it
_this = _Thread()


def _take() -> None:
    seen = None
    while not _gate.acquire(timeout=PATIENCE):
        if seen == _passed[0]:
            return
        seen = _passed[0]
    _passed[0] += 1
    _this.holds_gate = True


def _put_down() -> None:
    if _this.holds_gate:
        _this.holds_gate = False
        _gate.release()


class _Computing:
    """Context of a fetch thread at work: holds the gate, except while `blocking`."""

    def __enter__(self) -> None:
        _this.runs = True
        _take()

    def __exit__(self, *_: object) -> None:
        _this.runs = False
        _put_down()


class _Blocking:
    """Context of a call that may block: releases the gate. No effect in other threads."""

    def __enter__(self) -> None:
        _put_down()

    def __exit__(self, *_: object) -> None:
        if _this.runs:
            _take()


computing = _Computing()
blocking = _Blocking()
