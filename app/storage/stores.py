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
from msgspec.structs import asdict, replace

from app.metrics import CACHE_FAILURES
from app.storage.database import Database
from app.storage.schema import PAGE_SIZE, cache_entries

log = structlog.get_logger()

T = TypeVar("T")

FAILED, PASSING = 0, 1  # in the place of a page's status
SWEEP_EVERY = 256  # stores between two sweeps of what has expired
SHARED_FACTOR = 20  # the shared store keeps so many times the entries of one worker


class Entry(Struct, frozen=True):
    """A loaded value and, beside a card, the last failure to refresh it. Times are Unix seconds.

    `status`: the HTTP status of the page; `FAILED` where the value is a failure, `PASSING` where that may pass soon.
    `kept_until`: end of the time in which an expired card may stand in for a failure; 0 for none.
    `validators`: beside a card, the text by which its target tells whether the page changed; b"" for none.
    """

    value: bytes
    status: int
    stored_at: float
    expires_at: float
    kept_until: float = 0.0
    failure: bytes = b""
    failed_at: float = 0.0
    retry_at: float = 0.0
    validators: bytes = b""

    @property
    def dropped_at(self) -> float:
        return max(self.expires_at, self.kept_until)

    def stands(self, now: float) -> bool:
        """Tell whether this is a card, and good enough to stand in for a failure."""
        return self.status > PASSING and self.dropped_at > now


def merge(standing: Entry | None, loaded: Entry) -> Entry:
    """Let a loaded entry take the place of the standing one; a passing failure only goes beside a card."""
    if loaded.status == PASSING and standing and standing.stands(loaded.stored_at):
        return replace(standing, failure=loaded.value, failed_at=loaded.stored_at, retry_at=loaded.expires_at)
    return loaded


def last_failure(entry: Entry) -> Entry:
    """The failure beside a card, as an entry of its own."""
    return Entry(entry.failure, PASSING, entry.failed_at, entry.retry_at)


class Store(Protocol):
    """Store shared by all workers. Keys have at most 64 characters."""

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """Entries of these keys."""

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        """Keep entries, each in the place of an older one."""


class LossyStore:
    """Store whose failures are misses: a full disk, a broken file, a lost server."""

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


_PARTS = 8  # of the entries, one of which goes at a time where the cache holds too many bytes
_MOST_PARTS = 64  # of them in one sweep: each is of those that are left
_PAGE_COUNTS = ("page_count", "freelist_count")
_BYTES = sa.select(sa.func.coalesce(sa.func.sum(sa.func.octet_length(cache_entries.c.value)), 0))


class SqlStore:
    """Entries as rows, for workers that share a database."""

    _GET = sa.select(cache_entries).where(cache_entries.c.key.in_(sa.bindparam("keys", expanding=True)))
    _COLUMNS = tuple(cache_entries.c.keys())
    _PUT = sa.text(
        f"INSERT INTO {cache_entries.name} ({', '.join(_COLUMNS)}) "  # noqa: S608  (names of our own)
        f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT (key) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    )

    def __init__(self, database: Database, *, size: int, most_bytes: int = 2**40) -> None:
        """`size`: the most rows that a sweep leaves; `most_bytes`: the most bytes, with SQLite of the file."""
        self._database = database
        self._size = size
        self._most_bytes = most_bytes
        self._puts = 0

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        with self._database.renewed_if_broken(), self._database.read() as connection:
            return {row[0]: Entry(*row[1:]) for row in connection.execute(self._GET, {"keys": keys})}

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        rows = [{"key": key, **asdict(entry), "kept_until": entry.dropped_at} for key, entry in entries.items()]
        with self._database.renewed_if_broken(), self._database.write() as connection:
            connection.execute(self._PUT, rows)
        self._puts += len(rows)
        if self._puts >= SWEEP_EVERY:
            self._puts = 0
            self.sweep()

    def sweep(self) -> None:
        """Delete expired entries, then the earliest to expire beyond the size in rows and in bytes."""
        kept_until = cache_entries.c.kept_until
        too_many = sa.select(kept_until).order_by(kept_until.desc()).offset(self._size).limit(1).scalar_subquery()
        gone = sa.or_(kept_until <= time.time(), kept_until <= too_many)
        with self._database.renewed_if_broken(), self._database.read() as connection:
            connection.execute(cache_entries.delete().where(gone))
            for _ in range(_MOST_PARTS):
                if self._bytes_used(connection) <= self._most_bytes:
                    break
                self._drop_part(connection)

    def _bytes_used(self, connection: sa.Connection) -> int:
        if not self._database.is_sqlite:
            return int(connection.execute(_BYTES).scalar_one())
        pages, free = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PAGE_COUNTS)
        return int(PAGE_SIZE * (pages - free))

    @staticmethod
    def _drop_part(connection: sa.Connection) -> None:
        """Delete a part of the entries, the earliest to expire."""
        rows = connection.execute(sa.select(sa.func.count()).select_from(cache_entries)).scalar_one()
        kept_until = cache_entries.c.kept_until
        last = sa.select(kept_until).order_by(kept_until).offset(rows // _PARTS).limit(1).scalar_subquery()
        connection.execute(cache_entries.delete().where(kept_until <= last))


class RedisStore:
    """Entries in Redis, for workers on many hosts: a header of numbers, the value, the failure, the validators."""

    _HEADER = struct.Struct("<HdddddII")  # the last are the lengths of the value and of the failure

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        found = zip(keys, self._redis.mget([self._name(key) for key in keys]), strict=True)
        return {key: self._decode(blob) for key, blob in found if blob}

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        now = time.time()
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, entry in entries.items():
                ttl = max(1, int((entry.dropped_at - now) * 1000))
                pipeline.set(self._name(key), self._encode(entry), px=ttl)
            pipeline.execute()

    @staticmethod
    def _name(key: str) -> str:
        return f"pagecard:cache:3:{key}"  # the number goes up with each change of the header

    def _encode(self, entry: Entry) -> bytes:
        times = entry.stored_at, entry.expires_at, entry.dropped_at, entry.failed_at, entry.retry_at
        header = self._HEADER.pack(entry.status, *times, len(entry.value), len(entry.failure))
        return header + entry.value + entry.failure + entry.validators

    def _decode(self, blob: bytes) -> Entry:
        status, stored_at, expires_at, kept_until, failed_at, retry_at, *lengths = self._HEADER.unpack_from(blob)
        value_end = self._HEADER.size + lengths[0]
        end = value_end + lengths[1]
        value, failure, validators = blob[self._HEADER.size : value_end], blob[value_end:end], blob[end:]
        return Entry(value, status, stored_at, expires_at, kept_until, failure, failed_at, retry_at, validators)
