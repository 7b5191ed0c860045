"""Cache: cachetools in front, a shared store behind, single flight per key.

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
from app.storage.stores import PASSING, Entry, LossyStore, Store, last_failure, merge
from app.storage.writer import Keep, Writer
from app.threads.gil_gate import blocking

FRONT_TTL = 10  # seconds: how long another host's newer value may go unseen
FRONT_WEIGHT = 8 * 1024  # bytes: a larger value counts as several entries of the front
JOIN_AGE = 1.0  # seconds: a demand for a fresh load joins a running one that began at most so long before
FRONT_MAX = 64 * 1024  # bytes: a larger value stays in the shared store


Found = TypeVar("Found")
"""What an entry says to whoever finds it."""


Read = Callable[[Entry, bool, bool], Found]


class _Copy(Struct, Generic[Found], frozen=True):
    """An entry of the store, or its absence; good until `until` (monotonic) while its slot has `version`.

    `stored_at` and `expires_at` are the entry's, for the hot path; without an entry it expired long ago.
    """

    slot: int
    version: int
    until: float
    entry: Entry | None = None
    stored_at: float = 0.0
    expires_at: float = 0.0
    says: Found | None = None

    @property
    def weight(self) -> int:
        return 1 + self.size // FRONT_WEIGHT

    @property
    def size(self) -> int:
        return len(self.entry.value) if self.entry else 0


class _Demand(Struct, frozen=True):
    """Demand for a key: the entry known at its start, the accepted age, and the Unix time."""

    known: Entry | None
    max_age: float | None
    asked_at: float

    def joins(self, entry: Entry) -> bool:
        """Tell whether an entry is the outcome of a load that ran, or began, when the demand came."""
        begun = max(entry.stored_at, entry.failed_at)
        known = self.known and max(self.known.stored_at, self.known.failed_at)
        return begun != known and begun >= self.asked_at - JOIN_AGE


class Cache(Generic[Found]):
    def __init__(
        self,
        store: Store,
        read: Read[Found],
        *,
        size: int,
        generations: Generations,
        turns: Path,
    ) -> None:
        """`read(entry, hit, stale)`: decode an entry, for a hit once for each copy in memory.

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

    def get_many(self, keys: Iterable[str], max_age: float, max_stale: float = 0) -> dict[str, Found]:
        """Find the servable entries of `keys`; reads the shared store once for all keys missing in memory.

        `max_stale`: seconds for which a card that is no longer fresh is servable all the same.
        """
        copies = self._copies(keys)
        now = time.time()
        oldest = now - max_age
        found: dict[str, Found] = {
            key: copy.says  # type: ignore[misc]  # a copy without an entry has expired
            for key, copy in copies.items()
            if copy.expires_at > now and copy.stored_at >= oldest
        }
        if len(found) < len(copies):
            found |= self._stand_ins(copies, found, now, oldest)
            if max_stale:
                found |= self._outdated(copies, found, now, oldest - max_stale, now - max_stale)
        return found

    def get_or_load(self, key: str, load: Callable[[], Entry], *, max_age: float | None, deadline: Deadline) -> Found:
        """Find an entry or load it, under single flight.

        `max_age` None asks for a load that is running or begins now. Anybody else gets the card that stands in its
        place, however old, if the load fails for a while.
        Raises TargetTimeout if the deadline passes while another load runs, and what `load` raises.
        """
        demand = _Demand(self.entry(key), max_age, time.time())
        end_turn = self._turns.take(key, deadline)
        try:
            standing = self.entry(key)
            found = self._answer(key, standing, demand)
            if found is None:
                loaded = load()
        except BaseException:
            end_turn()
            raise
        if found is not None:
            end_turn()
            return found
        self._keep(key, standing, loaded, end_turn)
        if max_age is not None and merge(standing, loaded) is not loaded and standing:
            return self._read(standing, True, True)
        return self._read(loaded, False, False)

    def _answer(self, key: str, entry: Entry | None, demand: _Demand) -> Found | None:
        """Answer from a young enough entry, or from an entry loaded during the wait."""
        if demand.max_age is not None and (found := self.get_many([key], demand.max_age)):
            return found[key]
        if entry is None or not demand.joins(entry):
            return None
        if entry.failed_at <= entry.stored_at:
            return self._read(entry, True, False)
        return self._read(last_failure(entry), True, False) if demand.max_age is None else self._read(entry, True, True)

    def _stand_ins(
        self, copies: Mapping[str, _Copy[Found]], found: Mapping[str, Found], now: float, oldest: float
    ) -> dict[str, Found]:
        """Find the cards whose refresh failed a moment ago, and is not tried again yet."""
        return {
            key: self._read(entry, True, True)
            for key, copy in copies.items()
            if key not in found and (entry := copy.entry) and entry.retry_at > now and entry.failed_at >= oldest
        }

    def _outdated(
        self, copies: Mapping[str, _Copy[Found]], found: Mapping[str, Found], now: float, oldest: float, expired: float
    ) -> dict[str, Found]:
        """Find the cards stored at `oldest` or later and expired at `expired` or later (RFC 9111, section 4.2.4)."""
        return {
            key: self._read(entry, True, True)
            for key, copy in copies.items()
            if key not in found
            and (entry := copy.entry)
            and entry.stands(now)
            and entry.stored_at >= oldest
            and entry.expires_at >= expired
        }

    def _keep(self, key: str, standing: Entry | None, loaded: Entry, then: Callable[[], None]) -> None:
        """Keep an entry, and call `then` once stored, or at once for an entry not kept."""
        if loaded.dropped_at > loaded.stored_at:
            kept = merge(standing, loaded)
            self._remember({key: self._copy(key, self._generations.of(key), kept)})
            self._writer.put((key, loaded, then))
        else:
            then()

    def _write(self, keeps: Sequence[Keep]) -> None:
        entries = self._merge({_digest(key): entry for key, entry, _ in keeps})
        self._store.put_many(entries)
        for key, _, then in keeps:
            self._generations.bump(key)
            self._remember({key: self._copy(key, self._generations.of(key), entries[_digest(key)])})
            then()

    def _merge(self, entries: dict[str, Entry]) -> dict[str, Entry]:
        """Look again for cards to protect from passing failures: another host may have stored a card."""
        passing = [digest for digest, entry in entries.items() if entry.status == PASSING]
        standing = self._store.get_many(passing) if passing else {}
        return {digest: merge(standing.get(digest), entry) for digest, entry in entries.items()}

    def entry(self, key: str) -> Entry | None:
        """Return what is kept for a key, however old."""
        return self._copies([key])[key].entry

    def _copies(self, keys: Iterable[str]) -> dict[str, _Copy[Found]]:
        copies, unknown = self._from_front(keys)
        return copies | self._from_store(unknown) if unknown else copies

    def _from_front(self, keys: Iterable[str]) -> tuple[dict[str, _Copy[Found]], dict[str, int]]:
        """Split keys into fresh in-memory copies and misses (with their generation)."""
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
        says = self._read(entry, True, False)
        return _Copy(slot, version, until, entry, entry.stored_at, entry.expires_at, says)

    def _remember(self, copies: Mapping[str, _Copy[Found]]) -> None:
        with self._lock:
            for key, copy in copies.items():
                # cachetools raises ValueError for what is larger than the whole cache.
                if copy.size <= FRONT_MAX:
                    with suppress(ValueError):
                        self._front[key] = copy


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()
