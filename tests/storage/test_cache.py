"""The cache: one load at a time, copies that never go stale, and stores that all workers share."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from app.deadline import Deadline
from app.errors import TargetTimeout
from app.storage.cache import FRONT_MAX, Cache, _digest
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.schema import cache_entries
from app.storage.stores import FAILED, PASSING, Entry, RedisStore, SqlStore, Store
from tests.servers import until

pytestmark = pytest.mark.slow


def entry(value: bytes = b"value", *, ttl: float = 60, age: float = 0, status: int = 200) -> Entry:
    stored_at = time.time() - age
    return Entry(value, status, stored_at, stored_at + ttl)


class Seen(NamedTuple):
    entry: Entry
    hit: bool
    stale: bool = False


def renew(cache: Cache[Seen], key: str, load: Callable[[], Entry]) -> Seen:
    """Load and keep, whatever is there already."""
    return cache.get_or_load(key, load, max_age=None, deadline=Deadline.after(30))


def get(
    cache: Cache[Seen], key: str, load: Callable[[], Entry] = entry, max_age: float = 60, seconds: float = 30
) -> object:
    """(value, hit)"""
    found = cache.get_or_load(key, load, max_age=max_age, deadline=Deadline.after(seconds))
    return found.entry.value, found.hit


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "redis":
        redis = pytest.importorskip("redis").Redis.from_url(request.getfixturevalue("redis_url"))
        yield RedisStore(redis)
        redis.flushdb()
        redis.close()
        return
    sqlite = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    database.create_shared()
    yield SqlStore(database, size=100)
    with database.write() as connection:
        connection.execute(cache_entries.delete())
    database.engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'shared.sqlite3'}")
    database.create_shared()
    yield database
    database.engine.dispose()


@pytest.fixture
def new_cache(store: Store, tmp_path: Path) -> Callable[[], Cache[Seen]]:
    """Makes a cache over the one store, as each worker has its own."""
    return lambda: Cache(
        store, Seen, size=100, generations=Generations(tmp_path / "generations"), turns=tmp_path / "turns"
    )


@pytest.fixture
def cache(sqlite: Database, tmp_path: Path) -> Cache[Seen]:
    return Cache(
        SqlStore(sqlite, size=100),
        Seen,
        size=100,
        generations=Generations(tmp_path / "generations"),
        turns=tmp_path / "turns",
    )


# Over every store ------------------------------------------------------------------------------------------------


def test_what_was_loaded_is_there_for_every_worker(new_cache: Callable[[], Cache[Seen]]) -> None:
    one, other = new_cache(), new_cache()
    assert get(one, "key") == (b"value", False)
    assert get(one, "key") == (b"value", True)
    until(lambda: other.get_many(["key"], 60))
    assert get(other, "key") == (b"value", True)


def test_an_entry_comes_back_as_it_was(new_cache: Callable[[], Cache[Seen]]) -> None:
    kept = replace(entry(bytes(range(256)), status=203), kept_until=time.time() + 90)
    renew(new_cache(), "key", lambda: kept)
    until(lambda: new_cache().get_many(["key"], 60))
    assert new_cache().get_many(["key"], 60) == {"key": (kept, True, False)}


def test_a_newer_value_takes_the_place_of_every_copy(new_cache: Callable[[], Cache[Seen]]) -> None:
    one, other = new_cache(), new_cache()
    renew(one, "key", lambda: entry(b"old"))
    until(lambda: other.get_many(["key"], 60))
    renew(one, "key", lambda: entry(b"new"))
    until(lambda: other.get_many(["key"], 60)["key"].entry.value == b"new", timeout=5)


def test_many_keys_are_looked_up_at_once(new_cache: Callable[[], Cache[Seen]]) -> None:
    one, other = new_cache(), new_cache()
    keys = [f"key {number} é" for number in range(100)]
    for key in keys[:60]:
        renew(one, key, lambda key=key: entry(key.encode()))  # type: ignore[misc]
    until(lambda: len(new_cache().get_many(keys, 60)) == 60)
    found = other.get_many(keys, 60)
    assert {key: seen.entry.value for key, seen in found.items()} == {key: key.encode() for key in keys[:60]}


def test_what_has_expired_is_not_served(new_cache: Callable[[], Cache[Seen]]) -> None:
    cache = new_cache()
    renew(cache, "key", lambda: entry(ttl=0.2))
    until(lambda: not cache.get_many(["key"], 60), timeout=5)
    assert get(cache, "key") == (b"value", False)


def lapse(cache: Cache[Seen], *, kept: float = 60) -> None:
    """Keep a card for "key" that has expired and may stand in for `kept` seconds."""
    old = entry(b"card", age=100, ttl=40)
    renew(cache, "key", lambda: replace(old, kept_until=time.time() + kept))
    cache.settle()


def fail(ttl: float = 30) -> Entry:
    return entry(b"failure", status=PASSING, ttl=ttl)


def test_a_passing_failure_leaves_the_card_to_every_worker(new_cache: Callable[[], Cache[Seen]]) -> None:
    one, other = new_cache(), new_cache()
    renew(one, "key", entry)
    until(lambda: other.get_many(["key"], 60))
    assert renew(one, "key", fail).entry.value == b"failure"
    one.settle()
    for cache in (one, other, new_cache()):
        assert get(cache, "key") == (b"value", True)


def test_an_expired_card_stands_in_for_a_failure_at_every_worker(new_cache: Callable[[], Cache[Seen]]) -> None:
    one, other = new_cache(), new_cache()
    lapse(one)
    assert not other.get_many(["key"], 60)
    found = one.get_or_load("key", fail, max_age=60, deadline=Deadline.after(30))
    assert (found.entry.value, found.hit, found.stale) == (b"card", True, True)
    until(lambda: other.get_many(["key"], 60))
    seen = other.get_many(["key"], 60)["key"]
    assert (seen.entry.value, seen.hit, seen.stale) == (b"card", True, True)


def test_a_definite_failure_takes_the_place_of_a_card(new_cache: Callable[[], Cache[Seen]]) -> None:
    cache = new_cache()
    renew(cache, "key", entry)
    renew(cache, "key", lambda: entry(b"gone", status=FAILED))
    cache.settle()
    assert get(new_cache(), "key") == (b"gone", True)


def test_a_card_of_another_host_is_not_lost_to_a_failure_that_began_before(store: Store, tmp_path: Path) -> None:
    hosts = [
        Cache(store, Seen, size=100, generations=Generations(tmp_path / f"g{n}"), turns=tmp_path / f"t{n}")
        for n in (1, 2)
    ]

    def fail_slowly() -> Entry:
        renew(hosts[1], "key", entry)
        hosts[1].settle()
        return fail()

    renew(hosts[0], "key", fail_slowly)
    hosts[0].settle()
    assert [seen.value for seen in store.get_many([_digest("key")]).values()] == [b"value"]


# Over one --------------------------------------------------------------------------------------------------------


def test_however_many_ask_one_loads(cache: Cache[Seen]) -> None:
    loads: list[int] = []
    everyone_asked = threading.Barrier(20)

    def ask(_: int) -> object:
        everyone_asked.wait(10)
        return get(cache, "key", lambda: loads.append(1) or time.sleep(0.2) or entry())  # type: ignore[func-returns-value]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert len(loads) == 1
    assert sorted(answers) == [(b"value", False)] + [(b"value", True)] * 19


def test_of_two_processes_one_loads(tmp_path: Path, sqlite: Database) -> None:
    ask = (
        "import sys, time; from pathlib import Path\n"
        "from app.storage.cache import Cache; from app.storage.stores import Entry, SqlStore\n"
        "from app.storage.database import Database\n"
        "from app.deadline import Deadline; from app.storage.generations import Generations\n"
        "folder = Path(sys.argv[1])\n"
        "store = SqlStore(Database(f'sqlite:///{folder}/shared.sqlite3'), size=100)\n"
        "generations = Generations(folder / 'generations')\n"
        "turns, read = folder / 'turns', lambda entry, hit, stale: entry\n"
        "cache = Cache(store, read, size=9, generations=generations, turns=turns)\n"
        "def load():\n"
        "    print('load'); time.sleep(1); return Entry(b'x', 200, time.time(), time.time() + 60)\n"
        "print('ready', flush=True); input()\n"
        "cache.get_or_load('key', load, max_age=60, deadline=Deadline.after(30)); time.sleep(0.3)\n"
    )
    command = [sys.executable, "-c", ask, str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = "".join(process.communicate(timeout=60)[0] for process in processes)
    assert said.count("load") == 1


def test_a_key_that_loads_holds_up_no_other(cache: Cache[Seen]) -> None:
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, cache, "slow", lambda: entry(b"%d" % go_on.wait(30)))
        assert get(cache, "quick") == (b"value", False)
        go_on.set()
        assert slow.result(30) == (b"1", False)


def test_who_waits_for_anothers_load_waits_no_longer_than_its_deadline(cache: Cache[Seen]) -> None:
    go_on, loading = threading.Event(), threading.Event()

    def load() -> Entry:
        loading.set()
        go_on.wait(30)
        return entry()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, cache, "key", load)
        loading.wait(10)
        with pytest.raises(TargetTimeout):
            get(cache, "key", seconds=0.2)
        go_on.set()
        assert slow.result(30) == (b"value", False)


def test_a_load_that_fails_lets_the_next_one_try(cache: Cache[Seen]) -> None:
    def fail() -> Entry:
        raise TargetTimeout

    for _ in range(2):
        with pytest.raises(TargetTimeout):
            get(cache, "key", fail, seconds=5)
    assert get(cache, "key") == (b"value", False)


def test_what_expires_at_once_is_not_kept(cache: Cache[Seen]) -> None:
    assert get(cache, "key", lambda: entry(b"gone", ttl=0)) == (b"gone", False)
    assert get(cache, "key") == (b"value", False)


def test_what_is_older_than_max_age_is_loaded_again(cache: Cache[Seen]) -> None:
    renew(cache, "key", lambda: entry(b"old", age=30))
    assert get(cache, "key", max_age=31) == (b"old", True)
    assert get(cache, "key", max_age=29) == (b"value", False)


def test_who_wants_it_fresh_takes_what_came_while_waiting(cache: Cache[Seen]) -> None:
    loads: list[int] = []

    def load() -> Entry:
        loads.append(1)
        time.sleep(0.3)
        return entry()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: get(cache, "key", load, max_age=0), range(4)))
    assert len(loads) < 4


def test_a_card_that_is_too_old_stands_in_for_nothing(cache: Cache[Seen]) -> None:
    lapse(cache, kept=0)
    assert get(cache, "key", fail) == (b"failure", False)
    assert get(cache, "key") == (b"failure", True)


def test_a_failed_refresh_is_tried_again_after_its_time(cache: Cache[Seen]) -> None:
    lapse(cache)
    assert get(cache, "key", lambda: fail(ttl=0.3)) == (b"card", True)
    assert cache.get_many(["key"], 60)["key"].stale
    until(lambda: not cache.get_many(["key"], 60), timeout=5)
    assert get(cache, "key") == (b"value", False)


def test_forty_who_want_it_fresh_are_one_load(cache: Cache[Seen]) -> None:
    loads: list[int] = []
    renew(cache, "key", lambda: entry(b"old"))
    everyone_asked = threading.Barrier(40)

    def load() -> Entry:
        loads.append(1)
        time.sleep(0.3)
        return entry(b"new")

    def ask(_: int) -> bytes:
        everyone_asked.wait(10)
        return renew(cache, "key", load).entry.value

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(ask, range(40))) == {b"new"}
    assert len(loads) == 1


def test_forty_who_want_it_fresh_share_a_failure(cache: Cache[Seen]) -> None:
    loads: list[int] = []
    renew(cache, "key", entry)
    everyone_asked = threading.Barrier(40)

    def load() -> Entry:
        loads.append(1)
        time.sleep(0.3)
        return fail()

    def ask(_: int) -> bytes:
        everyone_asked.wait(10)
        return renew(cache, "key", load).entry.value

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(ask, range(40))) == {b"failure"}
    assert len(loads) == 1
    assert get(cache, "key") == (b"value", True)


def test_who_wants_it_fresh_again_does_not_get_the_last_load(cache: Cache[Seen]) -> None:
    values = [renew(cache, "key", lambda n=n: entry(b"%d" % n)).entry.value for n in range(5)]  # type: ignore[misc]
    assert values == [b"0", b"1", b"2", b"3", b"4"]


def test_who_wants_it_fresh_does_not_join_a_load_that_began_long_ago(
    cache: Cache[Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.cache.JOIN_AGE", 0.2)
    loading, go_on = threading.Event(), threading.Event()

    def load() -> Entry:
        begun = entry(b"old")
        loading.set()
        go_on.wait(10)
        return begun

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(renew, cache, "key", load)
        loading.wait(10)
        time.sleep(0.5)
        second = pool.submit(renew, cache, "key", lambda: entry(b"new"))
        time.sleep(0.1)
        go_on.set()
        assert (first.result(30).entry.value, second.result(30).entry.value) == (b"old", b"new")


@pytest.mark.parametrize("size", [0, FRONT_MAX, FRONT_MAX + 1, 2**20])
def test_a_value_of_any_size_is_kept(cache: Cache[Seen], size: int) -> None:
    get(cache, "key", lambda: entry(b"x" * size))
    until(lambda: cache.get_many(["key"], 60))
    assert get(cache, "key") == (b"x" * size, True)


def test_what_is_waited_for_is_kept_at_once(cache: Cache[Seen], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.writer.GATHER", 60)
    monkeypatch.setattr("app.storage.writer.SETTLE_TIMEOUT", 30)
    begun = time.monotonic()
    for key in "ab":
        renew(cache, key, entry)
        cache.settle()
    assert time.monotonic() - begun < 10
    assert cache._store.get_many([_digest("a"), _digest("b")]).keys() == {_digest("a"), _digest("b")}


def test_what_memory_has_of_a_key_is_read_once(sqlite: Database, tmp_path: Path) -> None:
    store = SqlStore(sqlite, size=100)
    cache = Cache(store, Seen, size=100, generations=Generations(tmp_path / "v"), turns=tmp_path / "t")
    renew(cache, "key", entry)
    cache.settle()
    first, again = (cache.get_many(["key"], 60)["key"] for _ in range(2))
    assert first is again


def test_memory_lets_go_of_the_oldest_copy_however_often_it_was_looked_at(sqlite: Database, tmp_path: Path) -> None:
    store = SqlStore(sqlite, size=100)
    cache = Cache(store, Seen, size=2, generations=Generations(tmp_path / "v"), turns=tmp_path / "t")
    for key in "ab":
        renew(cache, key, entry)
        cache.settle()
    cache.get_many(["a"], 60)
    renew(cache, "c", entry)
    assert list(cache._front) == ["b", "c"]


def test_a_cache_of_no_size_still_shares(sqlite: Database, tmp_path: Path) -> None:
    cache = Cache(
        SqlStore(sqlite, size=100), Seen, size=0, generations=Generations(tmp_path / "v"), turns=tmp_path / "t"
    )
    get(cache, "key")
    until(lambda: cache.get_many(["key"], 60))
    assert get(cache, "key") == (b"value", True)


def test_the_store_keeps_no_more_than_its_size_and_drops_the_expired(sqlite: Database) -> None:
    store = SqlStore(sqlite, size=10)
    store.put_many({f"old {number}": entry(ttl=1, age=2) for number in range(5)})
    store.put_many({f"key {number:02}": entry(ttl=60 + number) for number in range(30)})
    store.sweep()
    with sqlite.read() as connection:
        keys = connection.execute(sa.select(cache_entries.c.key).order_by(cache_entries.c.key)).scalars().all()
    assert keys == [f"key {number}" for number in range(20, 30)]


def test_many_threads_on_few_keys_lose_nothing(cache: Cache[Seen]) -> None:
    def ask(number: int) -> bool:
        key = f"key {number % 7}"
        return get(cache, key, lambda: entry(key.encode()))[0] == key.encode()  # type: ignore[index]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(2_000)))


def test_a_version_is_seen_by_every_process(tmp_path: Path) -> None:
    generations = Generations(tmp_path / "generations")
    before = generations.of("name")
    bump = (
        "import sys; from pathlib import Path; from app.storage.generations import Generations\n"
        "Generations(Path(sys.argv[1])).bump('name')"
    )
    subprocess.run([sys.executable, "-c", bump, str(tmp_path / "generations")], check=True, timeout=60)
    assert generations.of("name") != before
    assert generations.of("another") == 0
