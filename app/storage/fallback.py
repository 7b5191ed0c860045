"""Fallback for Redis: the local cache and local rate limits, behind a circuit breaker.

Rule 1: nobody waits for a Redis that was found away, but one caller every `TRY_EVERY` seconds, who looks.
Rule 2: it is told once when it goes, and once when it comes back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import structlog

from app.storage.limits import Buckets
from app.storage.stores import Entry, Store

log = structlog.get_logger()

TRY_EVERY = 2.0  # seconds

T = TypeVar("T")


class CircuitBreaker:
    """Circuit breaker. `away`: exceptions that open the circuit; `refused`: exceptions of a single call."""

    def __init__(self, name: str, away: tuple[type[Exception], ...], refused: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._away = away
        self._refused = refused
        self._lock = threading.Lock()
        self._next_try = 0.0  # monotonic; 0.0 while it is there

    def ask(self, server: Callable[[], T], spare: Callable[[], T]) -> T:
        """Call the server, or the fallback while the circuit is open."""
        if not self._may_ask():
            return spare()
        try:
            answer = server()
        except self._away as error:
            self._note_away(error)
        except self._refused as error:
            log.error("server refused", server=self._name, problem=type(error).__name__)
        else:
            self._note_back()
            return answer
        return spare()

    def _may_ask(self) -> bool:
        if not self._next_try:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next_try:
                return False
            self._next_try = now + TRY_EVERY
            return True

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            known, self._next_try = self._next_try, time.monotonic() + TRY_EVERY
        if not known:
            log.warning("server is away, this host goes on alone", server=self._name, problem=type(error).__name__)

    def _note_back(self) -> None:
        if not self._next_try:
            return
        with self._lock:
            known, self._next_try = self._next_try, 0.0
        if known:
            log.warning("server is back", server=self._name)


class FallbackStore:
    """A store of the cache with a spare one."""

    def __init__(self, outage: CircuitBreaker, store: Store, spare: Store) -> None:
        self._outage, self._store, self._spare = outage, store, spare

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        return self._outage.ask(partial(self._store.get_many, keys), partial(self._spare.get_many, keys))

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        self._outage.ask(partial(self._store.put_many, entries), partial(self._spare.put_many, entries))


class FallbackBuckets:
    """Rate limits with spare ones."""

    def __init__(self, outage: CircuitBreaker, buckets: Buckets, spare: Buckets) -> None:
        self._outage, self._buckets, self._spare = outage, buckets, spare

    def take(self, key_id: str, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        asked = (key_id, size, rate, cost, now)
        return self._outage.ask(partial(self._buckets.take, *asked), partial(self._spare.take, *asked))
