"""The cache: cachetools in front, a store that all workers share behind, one load at a time per key.

Rule 1: a value is bytes, encoded by whoever loaded it; nothing is ever unpickled.
Rule 2: no lock that others need is held while a value is loaded, only the turn of its key.
Rule 3: across the processes of a host a turn is a lock of the operating system, which goes with its holder.
Rule 4: nobody waits for the store to take an entry but who asks for the same key: the turn ends when it is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Generic, TypeVar

from cachetools import FIFOCache
from msgspec import Struct

from app.deadline import Deadline
from app.storage.generations import Generations
from app.storage.single_flight import SingleFlight
from app.storage.stores import Entry, LossyStore, Store
from app.storage.writer import Keep, Writer
from app.threads.gil_gate import blocking

FRONT_TTL = 10  # seconds: how long another host's newer value may go unseen
FRONT_WEIGHT = 8 * 1024  # bytes: a larger value counts as several entries of the front
FRONT_MAX = 64 * 1024  # bytes: a larger value stays in the shared store


Found = TypeVar("Found")
"""What an entry says to whoever finds it."""


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
        self._store = LossyStore(store)
        self._read = read
        self._generations = generations
        self._turns = SingleFlight(turns)
        # By age: where it is wanted a copy is renewed every `FRONT_TTL`, so its age says what its use would.
        self._front: FIFOCache[str, _Copy[Found]] = FIFOCache(size, getsizeof=lambda copy: copy.weight)
        self._lock = threading.Lock()
        self._writer = Writer(self._write)

    def fill(self) -> None:
        """Start the thread that writes."""
        self._writer.start()

    def settle(self) -> None:
        """Return when all that was loaded so far is in the store, or after `SETTLE_TIMEOUT` seconds."""
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

    def _write(self, keeps: Sequence[Keep]) -> None:
        self._store.put_many({_digest(key): entry for key, entry, _ in keeps})
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


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()
