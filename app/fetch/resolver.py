"""Resolver: look up host names without letting one lookup hold up another.

Rule 1: `getaddrinfo` cannot be interrupted, so it runs in threads of its own, and a caller waits for it no longer
        than its deadline.
Rule 2: the number of threads grows to `POOL_SIZE` and stays there until they are closed or the process ends.
Rule 3: one tenant has at most `PER_TENANT` lookups queued or running, so that hanging ones delay no other tenant.
Rule 4: a name is looked up once, and all of its addresses are returned; the policy judges them elsewhere.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from queue import SimpleQueue
from typing import Any

from app.deadline import Deadline
from app.errors import TargetTimeout, TargetUnreachable, is_own
from app.networks import Address

POOL_SIZE = 96  # lookups at a time
PER_TENANT = 32  # of them for one tenant

# glibc tells an open(2) or socket(2) that failed as EAI_SYSTEM, and hides which of them it was.
_OWN_ANSWERS = (socket.EAI_MEMORY, socket.EAI_SYSTEM)

Lookup = Callable[[str, int, int, int], Sequence[tuple[Any, ...]]]
"""Called as `getaddrinfo(host, port, family, type)`."""


def _getaddrinfo(host: str, port: int, family: int, type_: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, family, type_)


class _Question:
    """Lookup, shared by its caller and its thread."""

    __slots__ = ("abandoned", "answer", "answered", "begun", "error", "host", "port", "tenant")

    def __init__(self, host: str, port: int, tenant: str) -> None:
        self.host, self.port, self.tenant = host, port, tenant
        self.answered = threading.Event()
        self.abandoned = False
        self.begun = False
        self.answer: Sequence[tuple[Any, ...]] = ()
        self.error: Exception | None = None


class Resolver:
    """Pool of lookup threads. Create after a fork, since threads do not survive a fork.

    `lookup` replaces `socket.getaddrinfo` in tests.
    """

    def __init__(
        self,
        lookup: Lookup = _getaddrinfo,
        *,
        pool_size: int = POOL_SIZE,
        per_tenant: int = PER_TENANT,
    ) -> None:
        self._lookup = lookup
        self._per_tenant = per_tenant
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._busy: Counter[str] = Counter()
        self._freed = threading.Condition()
        self._pool_size = pool_size
        self._threads = 0

    def resolve(self, host: str, port: int, deadline: Deadline, tenant: str = "") -> tuple[Address, ...]:
        """Look up the addresses of `host`, in the order of the system's preference, each once.

        Raises TargetUnreachable if there are none, TargetTimeout if there is no answer by the deadline.
        """
        question = _Question(host, port, tenant)
        self._take_slot(tenant, deadline)
        self._questions.put(question)
        try:
            deadline.wait(question.answered.wait, "dns")
        except TargetTimeout:
            question.abandoned = True
            if question.begun:
                raise
            raise TargetTimeout(reason="queue") from None
        if question.error:
            raise _unresolved(question.error) from question.error
        return _addresses(question.answer)

    def fill(self) -> None:
        """Start all threads."""
        with self._freed:
            while self._threads < self._pool_size:
                self._start_thread()

    def close(self) -> None:
        """End the threads, each after its current lookup."""
        for _ in range(self._pool_size):
            self._questions.put(None)

    def _take_slot(self, tenant: str, deadline: Deadline) -> None:
        with self._freed:
            if self._busy[tenant] >= self._per_tenant:
                deadline.wait(partial(self._freed.wait_for, lambda: self._busy[tenant] < self._per_tenant), "queue")
            self._busy[tenant] += 1
            if self._threads < min(self._pool_size, self._busy.total()):
                self._start_thread()

    def _start_thread(self) -> None:
        name = f"resolver-{self._threads}"
        threading.Thread(target=self._answer_questions, name=name, daemon=True).start()
        self._threads += 1

    def _free_slot(self, tenant: str) -> None:
        with self._freed:
            self._busy[tenant] -= 1
            if not self._busy[tenant]:
                del self._busy[tenant]
            self._freed.notify_all()

    def _answer_questions(self) -> None:
        for question in iter(self._questions.get, None):
            self._answer(question)

    def _answer(self, question: _Question) -> None:
        try:
            if not question.abandoned:
                question.begun = True
                question.answer = self._lookup(question.host, question.port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        except Exception as error:  # the caller is told; the thread goes on
            question.error = error
        finally:
            self._free_slot(question.tenant)
            question.answered.set()


def _unresolved(error: Exception) -> Exception:
    """Build the error of a lookup. Want of memory or descriptors of ours says nothing of the name (getaddrinfo(3))."""
    if is_own(error) or (isinstance(error, socket.gaierror) and error.errno in _OWN_ANSWERS):
        return OSError(errno.ENOMEM, "out of memory or descriptors while looking up a name")
    return TargetUnreachable(reason="dns")


def _addresses(records: Sequence[tuple[Any, ...]]) -> tuple[Address, ...]:
    try:
        found = dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in records)
    except (ValueError, TypeError, IndexError):
        raise TargetUnreachable(reason="dns") from None
    if not found:
        raise TargetUnreachable(reason="dns")
    return tuple(found)
