"""Token buckets in a file, in PostgreSQL and in Redis, and months in the databases, by many at once."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.plans import Plan
from app.storage.database import Database
from app.storage.limits import Buckets, FileBuckets, RateLimiter, RedisBuckets, SqlBuckets
from app.storage.schema import TRUTH
from app.storage.usage import Usage

pytestmark = pytest.mark.slow

PLAN = Plan("slow", batch_limit=5, per_minute=6, burst=5)  # a token each ten seconds


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'shared.sqlite3'}")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    database.migrate()
    database.create_shared()
    yield database
    database.engine.dispose()


@pytest.fixture(params=["file", "postgres", "redis"])
def new_buckets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Buckets]]:
    """Makes buckets over one store, as each worker has its own."""
    if request.param == "redis":
        redis = pytest.importorskip("redis").Redis.from_url(request.getfixturevalue("redis_url"))
        yield lambda: RedisBuckets(redis)
        redis.close()
        return
    if request.param == "file":
        yield lambda: FileBuckets(tmp_path / "buckets")
        return
    database = Database(request.getfixturevalue("postgres_url"))
    database.create_shared()
    yield lambda: SqlBuckets(database)
    database.engine.dispose()


def test_a_new_bucket_holds_the_burst(new_buckets: Callable[[], Buckets], key: str) -> None:
    limiter = RateLimiter(new_buckets())
    states = [limiter.take(key, PLAN) for _ in range(6)]
    assert [(state.allowed, state.remaining) for state in states if state] == [
        (True, 4), (True, 3), (True, 2), (True, 1), (True, 0), (False, 0),
    ]  # fmt: skip


def test_no_two_workers_take_the_same_token(new_buckets: Callable[[], Buckets], key: str) -> None:
    plan = Plan("slow", batch_limit=5, per_minute=1, burst=20)
    workers = [RateLimiter(new_buckets()) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda number: workers[number % 2].take(key, plan), range(60)))
    assert sum(state.allowed for state in states if state) == 20


def test_no_two_processes_take_the_same_token(tmp_path: Path) -> None:
    take = (
        "import sys, time; from pathlib import Path; from app.storage.limits import FileBuckets\n"
        "buckets = FileBuckets(Path(sys.argv[1]))\n"
        "print(sum(buckets.take('key', 500, 0.001, 1, time.time())[0] for _ in range(400)))"
    )
    command = [sys.executable, "-c", take, str(tmp_path / "buckets")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 500


def test_two_thousand_keys_have_a_bucket_each(tmp_path: Path) -> None:
    buckets, now = FileBuckets(tmp_path / "buckets"), time.time()
    for number in range(2_000):
        assert buckets.take(f"key-{number}", 2, 0.001, 2, now + number / 1_000) == (True, 0)
    assert buckets.take("key-1999", 2, 0.001, 1, now + 2)[0] is False


def test_a_refusal_says_when_a_token_will_be_there(new_buckets: Callable[[], Buckets], key: str) -> None:
    limiter = RateLimiter(new_buckets())
    states = [limiter.take(key, PLAN) for _ in range(6)]
    refused = states[-1]
    assert refused
    assert refused.limit == 6
    assert 8 <= refused.retry_after <= 10
    assert refused.reset_at == pytest.approx(time.time() + 50, abs=3)


def test_a_look_takes_nothing(new_buckets: Callable[[], Buckets], key: str) -> None:
    limiter = RateLimiter(new_buckets())
    looks = [limiter.peek(key, PLAN) for _ in range(3)]
    assert [look.remaining for look in looks if look] == [5, 5, 5]


@pytest.mark.parametrize("new_buckets", ["file", "postgres"], indirect=True)  # Redis has a clock of its own
def test_tokens_come_back_up_to_the_burst_and_no_further(new_buckets: Callable[[], Buckets], key: str) -> None:
    buckets, now = new_buckets(), time.time()
    assert buckets.take(key, 5, 0.1, 5, now) == (True, 0)
    assert buckets.take(key, 5, 0.1, 1, now + 9) == (False, pytest.approx(0.9))
    assert buckets.take(key, 5, 0.1, 1, now + 10) == (True, pytest.approx(0))
    assert buckets.take(key, 5, 0.1, 0, now + 10_000) == (True, 5)


def test_a_clock_that_goes_back_takes_no_tokens_away(new_buckets: Callable[[], Buckets], key: str) -> None:
    buckets, now = new_buckets(), time.time()
    buckets.take(key, 5, 0.1, 1, now)
    assert buckets.take(key, 5, 0.1, 0, now - 1_000) == (True, pytest.approx(4, abs=0.5))


@pytest.mark.parametrize("new_buckets", ["file", "postgres"], indirect=True)  # Redis has a clock of its own
@pytest.mark.parametrize("step", [60, 3_600, 86_400])
def test_an_empty_bucket_refills_after_the_clock_was_set_back(
    new_buckets: Callable[[], Buckets], key: str, step: float
) -> None:
    buckets, now = new_buckets(), time.time()
    assert buckets.take(key, 5, 0.1, 5, now + step) == (True, 0)
    assert buckets.take(key, 5, 0.1, 1, now)[0] is False
    assert buckets.take(key, 5, 0.1, 1, now + 11)[0]


def test_a_smaller_plan_has_a_smaller_bucket_at_once(new_buckets: Callable[[], Buckets], key: str) -> None:
    limiter = RateLimiter(new_buckets())
    limiter.peek(key, Plan("large", batch_limit=5, per_minute=600, burst=500))
    state = limiter.take(key, PLAN)
    assert state
    assert state.remaining == 4


def test_a_plan_without_a_rate_has_no_bucket(new_buckets: Callable[[], Buckets], key: str) -> None:
    assert RateLimiter(new_buckets()).take(key, Plan("open", batch_limit=5)) is None


def test_a_plan_without_a_burst_holds_a_minute(new_buckets: Callable[[], Buckets], key: str) -> None:
    state = RateLimiter(new_buckets()).take(key, Plan("plain", batch_limit=5, per_minute=6))
    assert state
    assert (state.limit, state.remaining) == (6, 5)


def test_urls_of_many_workers_add_up(database: Database, key: str) -> None:
    used = Usage(database)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: used.add(key, 3), range(40)))
    assert (used.used(key), used.used("another")) == (120, 0)
    with database.write() as connection:
        connection.execute(TRUTH.tables["usage"].delete())


def test_a_month_is_used_up_at_its_limit(database: Database, key: str) -> None:
    used, plan = Usage(database), Plan("small", batch_limit=5, per_month=10)
    used.add(key, 9)
    assert not used.used_up(key, plan)
    used.add(key, 1)
    assert used.used_up(key, plan)
    assert not used.used_up(key, Plan("open", batch_limit=5))
    with database.write() as connection:
        connection.execute(TRUTH.tables["usage"].delete())


def test_the_next_month_is_at_most_31_days_away() -> None:
    assert 0 < Usage.seconds_left() <= 31 * 86_400
