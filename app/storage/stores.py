"""The stores that all workers share behind the cache's front: rows of a database, or Redis."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
import structlog
from msgspec import Struct
from msgspec.structs import asdict

from app.metrics import CACHE_FAILURES
from app.storage.database import Database, cache_entries

log = structlog.get_logger()

T = TypeVar("T")

SWEEP_EVERY = 256  # stores between two sweeps of what has expired
SHARED_FACTOR = 20  # the shared store keeps so many times the entries of one worker


class Entry(Struct, frozen=True):
    """What was loaded; times are Unix seconds. `status` is a number of the loader's own."""

    value: bytes
    status: int
    stored_at: float
    expires_at: float


class Store(Protocol):
    """What all workers look at. Keys are at most 64 characters."""

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """What is kept of these keys."""

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        """Keep entries, each in the place of an older one."""


class LossyStore:
    """A store whose failures cost the cache, never an answer: a full disk, a broken file, a server that is gone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failing: set[str] = set()

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """Return nothing if the store fails."""
        return self._attempt("read", partial(self._store.get_many, keys)) or {}

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        """Drop the entries if the store fails."""
        self._attempt("write", partial(self._store.put_many, entries))

    def _attempt(self, access: str, use: Callable[[], T]) -> T | None:
        try:
            answer = use()
        except Exception as error:  # drivers raise what they like
            self._note_failure(access, error)
            return None
        if access in self._failing:
            self._failing.discard(access)
            log.warning("cache works again", access=access)
        return answer

    def _note_failure(self, access: str, error: Exception) -> None:
        CACHE_FAILURES.inc()
        if access not in self._failing:
            self._failing.add(access)
            log.error("cache fails", access=access, problem=str(error).partition("\n")[0])


class SqlStore:
    """Entries as rows, for workers that share a database."""

    _GET = sa.select(cache_entries).where(cache_entries.c.key.in_(sa.bindparam("keys", expanding=True)))
    _PUT = sa.text(
        "INSERT INTO cache_entries (key, value, status, stored_at, expires_at) "
        "VALUES (:key, :value, :status, :stored_at, :expires_at) ON CONFLICT (key) DO UPDATE SET "
        "value = excluded.value, status = excluded.status, "
        "stored_at = excluded.stored_at, expires_at = excluded.expires_at"
    )

    def __init__(self, database: Database, *, size: int) -> None:
        """`size`: the most rows that a sweep leaves."""
        self._database = database
        self._size = size
        self._puts = 0

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        with self._database.read() as connection:
            return {row[0]: Entry(*row[1:]) for row in connection.execute(self._GET, {"keys": keys})}

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        rows = [{"key": key, **asdict(entry)} for key, entry in entries.items()]
        with self._database.write() as connection:
            connection.execute(self._PUT, rows)
        self._puts += len(rows)
        if self._puts >= SWEEP_EVERY:
            self._puts = 0
            self.sweep()

    def sweep(self) -> None:
        """Drop what has expired, and what expires first of what is too many."""
        expires_at = cache_entries.c.expires_at
        too_many = sa.select(expires_at).order_by(expires_at.desc()).offset(self._size).limit(1).scalar_subquery()
        gone = sa.or_(expires_at <= time.time(), expires_at <= too_many)
        with self._database.read() as connection:
            connection.execute(cache_entries.delete().where(gone))


class RedisStore:
    """Entries in Redis, for workers on many hosts: a header of three numbers, then the value."""

    _HEADER = struct.Struct("<Hdd")

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        found = zip(keys, self._redis.mget([self._name(key) for key in keys]), strict=True)
        return {key: self._decode(blob) for key, blob in found if blob}

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, entry in entries.items():
                header = self._HEADER.pack(entry.status, entry.stored_at, entry.expires_at)
                ttl = max(1, int((entry.expires_at - entry.stored_at) * 1000))
                pipeline.set(self._name(key), header + entry.value, px=ttl)
            pipeline.execute()

    @staticmethod
    def _name(key: str) -> str:
        return f"pagecard:cache:{key}"

    def _decode(self, blob: bytes) -> Entry:
        status, stored_at, expires_at = self._HEADER.unpack_from(blob)
        return Entry(blob[self._HEADER.size :], status, stored_at, expires_at)
