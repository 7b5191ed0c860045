"""Rate limits: token buckets shared by workers and hosts.

The rate limit is a token bucket that holds a plan's burst and refills at its per-minute rate. Taking a token
is one atomic step of the store (under the lock of a file, an upsert of the database, a script of Redis), so no
two workers take the same.
"""

from __future__ import annotations

import fcntl
import math
import os
import struct
import threading
import time
import weakref
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from msgspec import Struct

from app.plans import Plan
from app.storage.database import Database
from app.storage.files import map_file, open_private

CLOCK_SKEW = 10.0  # seconds that the clocks of hosts differ at most; a time further ahead is of before a step back


class RateState(Struct, frozen=True):
    """A bucket after a request looked at it. `reset_at` is Unix seconds, `retry_after` seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: int
    retry_after: int


class Buckets(Protocol):
    """Where the buckets are kept."""

    def take(self, key_id: str, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        """Take `cost` tokens if available: (taken, tokens left). `rate`: tokens a second."""


class RateLimiter:
    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    def take(self, key_id: str, plan: Plan) -> RateState | None:
        """Charge one request; None for a plan without a limit."""
        return self._look(key_id, plan, cost=1)

    def peek(self, key_id: str, plan: Plan) -> RateState | None:
        """The same without charging."""
        return self._look(key_id, plan, cost=0)

    def _look(self, key_id: str, plan: Plan, cost: int) -> RateState | None:
        size = plan.bucket_size
        if plan.per_minute is None or size is None:
            return None
        now, rate = time.time(), plan.per_minute / 60
        allowed, tokens = self._buckets.take(key_id, size, rate, cost, now)
        return RateState(
            allowed=allowed,
            limit=plan.per_minute,
            remaining=max(0, math.floor(tokens)),
            reset_at=math.ceil(now + (size - tokens) / rate),
            retry_after=max(1, math.ceil((1 - tokens) / rate)),
        )


class FileBuckets:
    """Buckets in a file that the workers of one host map into memory: every request takes a token, and this
    costs a hundredth of a statement to a database.

    A key that finds all its slots taken gets the one that was left alone for longest, and a full bucket.
    """

    _BUCKET = struct.Struct("=8sdd")  # digest of the key's id, tokens, at (Unix seconds)
    _SLOTS = 65_536
    _PROBES = 16

    def __init__(self, path: Path) -> None:
        self._file = open_private(path)
        weakref.finalize(self, os.close, self._file)
        self._table = map_file(self._file, (self._SLOTS + self._PROBES) * self._BUCKET.size, path)
        self._lock = threading.Lock()  # between threads: fcntl(2) locks are between processes

    def take(self, key_id: str, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        digest = blake2b(key_id.encode(), digest_size=8).digest()
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                return self._take(digest, size, rate, cost, now)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _take(self, digest: bytes, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        offset, tokens, at = self._find(digest)
        if at > now + CLOCK_SKEW:
            at = now
            self._BUCKET.pack_into(self._table, offset, digest, tokens, at)
        filled = min(size, tokens + max(0.0, now - at) * rate) if at else float(size)
        if filled < cost:
            return False, filled
        self._BUCKET.pack_into(self._table, offset, digest, filled - cost, max(at, now))
        return True, filled - cost

    def _find(self, digest: bytes) -> tuple[int, float, float]:
        """Offset of a key's bucket, its tokens, and their Unix time; 0.0 for a new bucket."""
        slot, oldest, oldest_at = int.from_bytes(digest) % self._SLOTS, 0, math.inf
        for offset in range(slot * self._BUCKET.size, (slot + self._PROBES) * self._BUCKET.size, self._BUCKET.size):
            holder, tokens, at = self._BUCKET.unpack_from(self._table, offset)
            if holder == digest:
                return offset, tokens, at
            if at < oldest_at:
                oldest, oldest_at = offset, at
        return oldest, 0.0, 0.0


class SqlBuckets:
    """Buckets as rows, for hosts that share a PostgreSQL."""

    _FILLED = "least(:size, rate_buckets.tokens + greatest(0, :now - rate_buckets.at) * :rate)"
    _TAKE = """
        INSERT INTO rate_buckets (key_id, tokens, at) VALUES (:key_id, :size - :cost, :now)
        ON CONFLICT (key_id) DO UPDATE SET tokens = {filled} - :cost, at = greatest(rate_buckets.at, :now)
        WHERE {filled} >= :cost
        RETURNING tokens"""
    _LEFT = "SELECT {filled} FROM rate_buckets WHERE key_id = :key_id"
    _SET_BACK = sa.text("UPDATE rate_buckets SET at = :now WHERE key_id = :key_id AND at > :now + :skew")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._take = sa.text(self._TAKE.format(filled=self._FILLED))
        self._left = sa.text(self._LEFT.format(filled=self._FILLED))

    def take(self, key_id: str, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        values = {"key_id": key_id, "size": float(size), "rate": rate, "cost": cost, "now": now}
        with self._database.read() as connection:
            tokens = connection.execute(self._take, values).scalar()
            if tokens is not None:
                return True, float(tokens)
            connection.execute(self._SET_BACK, {"key_id": key_id, "now": now, "skew": CLOCK_SKEW})
            return False, float(connection.execute(self._left, values).scalar() or 0)


class RedisBuckets:
    """Buckets in Redis, for workers on many hosts; the time is the server's, so that no clock is wrong."""

    _SCRIPT = """
        local size, rate, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local time = redis.call('TIME')
        local now = time[1] + time[2] / 1e6
        local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
        local tokens = math.min(size, (tonumber(bucket[1]) or size) + (now - (tonumber(bucket[2]) or now)) * rate)
        local taken = tokens >= cost
        if taken then
            tokens = tokens - cost
            redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
            redis.call('PEXPIRE', KEYS[1], math.ceil(size / rate * 1000) + 1000)
        end
        return {taken and 1 or 0, tostring(tokens)}"""

    def __init__(self, redis: Any) -> None:
        self._script = redis.register_script(self._SCRIPT)

    def take(self, key_id: str, size: int, rate: float, cost: int, now: float) -> tuple[bool, float]:
        taken, tokens = self._script(keys=[f"pagecard:rate:{key_id}"], args=[size, rate, cost])
        return bool(taken), float(tokens)
