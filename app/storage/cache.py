"""The cache: cachetools in front, a store that all workers share behind, one load at a time per key.

Rule 1: a value is bytes, encoded by whoever loaded it; nothing is ever unpickled.
Rule 2: no lock that others need is held while a value is loaded, only the turn of its key.
Rule 3: across the processes of a host a turn is a lock of the operating system, which goes with its holder.
Rule 4: nobody waits for the store to take an entry but who asks for the same key: the turn ends when it is kept.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
import structlog
from cachetools import FIFOCache
from msgspec import Struct
from msgspec.structs import asdict

from app.deadline import Deadline
from app.errors import TargetTimeout
from app.storage.database import Database, cache_entries
from app.storage.generations import Generations
from app.threads.gil_gate import blocking

log = structlog.get_logger()

FRONT_TTL = 10  # seconds: how long another host's newer value may go unseen
FRONT_WEIGHT = 8 * 1024  # bytes: a larger value counts as several entries of the front
FRONT_MAX = 64 * 1024  # bytes: a larger value stays in the shared store
TURN_POLL = 0.02  # seconds between two looks at a turn that another process has
GATHER = 0.03  # seconds that the first of a group of entries waits for the others, unless someone waits for them
PATIENCE = 2.0  # seconds that an answer waits for its cards to be stored, so that no crash loses them
MOST_AT_ONCE = 500  # entries of one write
SWEEP_EVERY = 256  # stores between two sweeps of what has expired
SHARED_FACTOR = 20  # the shared store keeps so many times the entries of one worker


class Entry(Struct, frozen=True):
    """What was loaded; times are Unix seconds. `status` is a number of the loader's own."""

    value: bytes
    status: int
    stored_at: float
    expires_at: float


Found = TypeVar("Found")
"""What an entry says to whoever finds it."""

_Keep = tuple[str, Entry, Callable[[], None]]
"""A key, what is to be kept, and what to call when it is."""


class Store(Protocol):
    """What all workers look at. Keys are at most 64 characters."""

    def get_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """What is kept of these keys."""

    def put_many(self, entries: Mapping[str, Entry]) -> None:
        """Keep entries, each in the place of an older one."""


class _Copy(Struct, Generic[Found], frozen=True):
    """What the store had of a key; good until `until` (monotonic) while its slot has `version`.

    Where it had nothing, that is what it says, and expired long ago.
    """

    slot: int
    version: int
    until: float
    size: int = 0
    stored_at: float = 0.0
    expires_at: float = 0.0
    says: Found | None = None

    @property
    def weight(self) -> int:
        return 1 + self.size // FRONT_WEIGHT


class Cache(Generic[Found]):
    def __init__(
        self, store: Store, read: Callable[[Entry, bool], Found], *, size: int, generations: Generations, turns: Path
    ) -> None:
        """`read`: makes of an entry what is found, and is told whether it was there already, and not loaded for who
        asks; once for each copy in memory, and for all who find it.

        `size`: entries in memory; `turns`: a file that the processes of this host share.
        """
        self._store = store
        self._read = read
        self._generations = generations
        self._turns = SingleFlight(turns)
        # By age: where it is wanted a copy is renewed every `FRONT_TTL`, so its age says what its use would.
        self._front: FIFOCache[str, _Copy[Found]] = FIFOCache(size, getsizeof=lambda copy: copy.weight)
        self._lock = threading.Lock()
        self._writer = _Writer(self._write)

    def fill(self) -> None:
        """Start the thread that writes."""
        self._writer.start()

    def settle(self) -> None:
        """Return when all that was loaded so far is in the store, or after `PATIENCE` seconds."""
        self._writer.settle()

    def close(self) -> None:
        """Return when all that was to be kept is in the store."""
        self._writer.close()

    def get_many(self, keys: Iterable[str], max_age: float) -> dict[str, Found]:
        """What may be served of these keys; the shared store is read once, for all that memory knows nothing of."""
        copies, unknown = self._from_front(keys)
        if unknown:
            copies |= self._from_store(unknown)
        now = time.time()
        oldest = now - max_age
        return {
            key: copy.says  # type: ignore[misc]  # what says nothing has expired
            for key, copy in copies.items()
            if copy.expires_at > now and copy.stored_at >= oldest
        }

    def get_or_load(self, key: str, load: Callable[[], Entry], *, max_age: float, deadline: Deadline) -> Found:
        """What is there already, or is loaded: however many ask at once, one loads.

        Raises TargetTimeout where the deadline passes while another one loads, and what `load` raises.
        """
        asked_at = time.time()
        end_turn = self._turns.take(key, deadline)
        try:
            waited = time.time() - asked_at  # what came while we waited is fresh to us
            found = self.get_many([key], max(max_age, waited))
            if not found:
                entry = load()
        except BaseException:
            end_turn()
            raise
        if found:
            end_turn()
            return found[key]
        self._keep(key, entry, end_turn)
        return self._read(entry, False)

    def load(self, key: str, load: Callable[[], Entry]) -> Found:
        """Load and keep, whatever is there already."""
        entry = load()
        self._keep(key, entry)
        return self._read(entry, False)

    def _keep(self, key: str, entry: Entry, then: Callable[[], None] = lambda: None) -> None:
        """Have it kept, and call `then` when it is. What expires at once is not kept."""
        if entry.expires_at > entry.stored_at:
            self._remember({key: self._copy(key, self._generations.of(key), entry)})
            self._writer.put((key, entry, then))
        else:
            then()

    def _write(self, keeps: Sequence[_Keep]) -> None:
        try:
            self._store.put_many({_digest(key): entry for key, entry, _ in keeps})
        except Exception:  # whatever a driver raises: the entries were answered, and are still in memory
            log.exception("cache not written")
        for key, entry, then in keeps:
            self._generations.bump(key)
            self._remember({key: self._copy(key, self._generations.of(key), entry)})
            then()

    def _from_front(self, keys: Iterable[str]) -> tuple[dict[str, _Copy[Found]], dict[str, int]]:
        """The copies that are good, and the generations of what has to be looked for in the store."""
        copies: dict[str, _Copy[Found]] = {}
        unknown: dict[str, int] = {}
        front, generations, now = self._front, self._generations.table, time.monotonic()
        with self._lock:
            for key in keys:
                try:
                    copy = front[key]  # cachetools' `get` looks twice
                except KeyError:
                    unknown[key] = self._generations.of(key)
                    continue
                if copy.until >= now and copy.version == generations[copy.slot]:
                    copies[key] = copy
                else:
                    unknown[key] = generations[copy.slot]
        return copies, unknown

    def _from_store(self, unknown: Mapping[str, int]) -> dict[str, _Copy[Found]]:
        digests = {key: _digest(key) for key in unknown}
        with blocking:
            stored = self._store.get_many(list(digests.values()))
        copies = {key: self._copy(key, version, stored.get(digests[key])) for key, version in unknown.items()}
        self._remember(copies)
        return copies

    def _copy(self, key: str, version: int, entry: Entry | None) -> _Copy[Found]:
        slot, until = self._generations.slot(key), time.monotonic() + FRONT_TTL
        if not entry:
            return _Copy(slot, version, until)
        says = self._read(entry, True)
        return _Copy(slot, version, until, len(entry.value), entry.stored_at, entry.expires_at, says)

    def _remember(self, copies: Mapping[str, _Copy[Found]]) -> None:
        with self._lock:
            for key, copy in copies.items():
                # cachetools raises ValueError for what is larger than the whole cache.
                if copy.size <= FRONT_MAX:
                    with suppress(ValueError):
                        self._front[key] = copy


class _Writer:
    """One thread that writes what came within `GATHER` seconds in one go, and at once what someone waits for."""

    def __init__(self, write: Callable[[Sequence[_Keep]], None]) -> None:
        self._write = write
        self._queue: SimpleQueue[_Keep | threading.Event | None] = SimpleQueue()
        self._awaited = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, keep: _Keep) -> None:
        self._queue.put(keep)
        if not self._thread:
            self.start()

    def settle(self) -> None:
        """Return when all that came so far is written, or after `PATIENCE` seconds."""
        if self._thread:
            written = threading.Event()
            self._queue.put(written)
            self._awaited.set()
            written.wait(PATIENCE)

    def close(self) -> None:
        """Return when all that came is written."""
        with self._starting:
            if self._thread:
                self._queue.put(None)
                self._awaited.set()
                self._thread.join()

    def start(self) -> None:
        with self._starting:
            if not self._thread:
                self._thread = threading.Thread(target=self._run, name="cache-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        closed = False
        while not closed:
            came = [self._queue.get()]
            self._awaited.wait(GATHER)
            self._awaited.clear()
            while len(came) < MOST_AT_ONCE and not self._queue.empty():
                came.append(self._queue.get())
            closed = None in came
            if keeps := [keep for keep in came if isinstance(keep, tuple)]:
                self._write(keeps)
            for waited_for in came:
                if isinstance(waited_for, threading.Event):
                    waited_for.set()


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()


class SingleFlight:
    """Whose turn it is to load a key: one thread of one process of this host."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        weakref.finalize(self, os.close, self._file)
        self._lock = threading.Lock()
        self._threads: dict[str, tuple[threading.Lock, int]] = {}

    def take(self, key: str, deadline: Deadline) -> Callable[[], None]:
        """Wait for the turn and have it until what is returned is called, which any thread may do.

        Raises TargetTimeout where the deadline passes first.
        """
        turn, place = self._enter(key), _place(key)
        try:
            _until(deadline, lambda patience: turn.acquire(timeout=patience))
            try:
                _until(deadline, lambda patience: self._lock_byte(place, patience))
            except BaseException:
                turn.release()
                raise
        except BaseException:
            self._leave(key)
            raise
        return partial(self._end, key, turn, place)

    def _end(self, key: str, turn: threading.Lock, place: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        turn.release()
        self._leave(key)

    def _enter(self, key: str) -> threading.Lock:
        with self._lock:
            turn, waiting = self._threads.get(key) or (threading.Lock(), 0)
            self._threads[key] = turn, waiting + 1
            return turn

    def _leave(self, key: str) -> None:
        with self._lock:
            turn, waiting = self._threads[key]
            if waiting > 1:
                self._threads[key] = turn, waiting - 1
            else:
                del self._threads[key]

    def _lock_byte(self, place: int, patience: float) -> bool:
        """Whether no other process has the turn; where one has, that is told after some of the `patience`, seconds."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            time.sleep(min(patience, TURN_POLL))
            return False
        return True


def _place(key: str) -> int:
    """The byte of a file that nobody ever writes which is locked for a key.

    fcntl(2) locks belong to the process and end with it; off_t is signed.
    """
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") >> 2


def _until(deadline: Deadline, attempt: Callable[[float], bool]) -> None:
    """Attempt until it succeeds. Each is told how many seconds it may take."""
    if attempt(0.0):
        return
    with blocking:
        while not attempt(deadline.slice()):
            if deadline.passed:
                raise TargetTimeout(reason="waited for another fetch of the same URL")


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
