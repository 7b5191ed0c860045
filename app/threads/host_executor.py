"""Executor: threads for calls to hosts, where a call waits for its host without a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from app.threads.hosts import HostLine, Hosts

Call = Callable[[], None]


class HostExecutor:
    """`size` threads. Calls begin in the turn of their hosts."""

    def __init__(self, size: int, hosts: Hosts, name: str) -> None:
        self._hosts = hosts
        self._line: HostLine[Call] = HostLine(hosts)
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)

    def submit(self, host: str, call: Call) -> None:
        """Run a call, which may not raise, once its host has a free connection."""
        with self._lock:
            self._line.extend([(host, call)])
        self._begin()

    def shutdown(self) -> None:
        """End the threads, each after its present call."""
        self._threads.shutdown(wait=False)

    def _begin(self) -> None:
        """Begin every call whose host has a free connection."""
        with self._lock:
            while self._line.ready:
                host, call = self._line.popleft()
                self._hosts.begin(host)
                self._threads.submit(partial(self._run, host, call))

    def _run(self, host: str, call: Call) -> None:
        try:
            call()
        finally:
            self._hosts.end(host)
            self._begin()
