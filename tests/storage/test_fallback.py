"""Redis goes away, hangs and comes back; nobody fails, and nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.deadline import Deadline
from app.extractor import Options
from app.networks import parse_networks
from app.plans import Plan
from app.services import REDIS_TIMEOUT, Services
from app.settings import Settings
from app.storage import fallback
from app.storage.fallback import TRY_EVERY, CircuitBreaker
from app.storage.stores import Entry
from tests.servers import RedisServer, until
from tests.site import Site
from tests.test_services import extract

pytestmark = pytest.mark.server

redis = pytest.importorskip("redis")

SLOW = Plan("slow", batch_limit=5, per_minute=6, burst=3)  # a token each ten seconds


class Away(Exception):
    pass


class Refused(Exception):
    pass


def fail(error: type[Exception]) -> Callable[[], str]:
    def ask() -> str:
        raise error

    return ask


@pytest.fixture
def outage() -> CircuitBreaker:
    return CircuitBreaker("server", (Away,), (Refused,))


# Who is asked -----------------------------------------------------------------------------------------------------


def test_who_is_there_is_asked(outage: CircuitBreaker) -> None:
    assert outage.ask(lambda: "server", lambda: "spare") == "server"


@pytest.mark.parametrize("error", [Away, Refused])
def test_the_spare_stands_in_for_an_answer_that_failed(outage: CircuitBreaker, error: type[Exception]) -> None:
    assert outage.ask(fail(error), lambda: "spare") == "spare"


def test_who_is_away_is_not_asked(outage: CircuitBreaker) -> None:
    outage.ask(fail(Away), lambda: "spare")
    assert outage.ask(lambda: "server", lambda: "spare") == "spare"


def test_who_said_no_is_asked_again(outage: CircuitBreaker) -> None:
    outage.ask(fail(Refused), lambda: "spare")
    assert outage.ask(lambda: "server", lambda: "spare") == "server"


def test_a_mistake_of_ours_is_no_outage(outage: CircuitBreaker) -> None:
    with pytest.raises(ZeroDivisionError):
        outage.ask(lambda: f"{1 / 0}", lambda: "spare")


def test_one_looks_whether_it_is_back(outage: CircuitBreaker, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    outage.ask(fail(Away), lambda: "spare")
    monkeypatch.setattr(time, "monotonic", lambda: now + TRY_EVERY + 1)
    meanwhile: list[str] = []

    def look() -> str:
        meanwhile.append(outage.ask(lambda: "server", lambda: "spare"))
        raise Away

    assert outage.ask(look, lambda: "spare") == "spare"
    assert meanwhile == ["spare"]


def test_going_and_coming_back_are_told_once_each(outage: CircuitBreaker, monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = time.monotonic(), list[str]()
    monkeypatch.setattr(fallback.log, "warning", lambda event, **_: told.append(event), raising=False)
    for _ in range(3):
        outage.ask(fail(Away), lambda: "spare")
    monkeypatch.setattr(time, "monotonic", lambda: now + TRY_EVERY + 1)
    for _ in range(3):
        outage.ask(lambda: "server", lambda: "spare")
    assert told == ["server is away, this host goes on alone", "server is back"]


# A real one -------------------------------------------------------------------------------------------------------


@pytest.fixture
def services(tmp_path: Path, redis_server: RedisServer) -> Iterator[Services]:
    services = Services.open(
        Settings(data_dir=tmp_path, allow_targets=parse_networks("127.0.0.0/8"), redis_url=redis_server.url)
    )
    yield services
    services.close()


def asks_redis(services: Services) -> bool:
    """Whether what is kept now is kept in Redis."""
    now = time.time()
    entry = Entry(b"value", 200, now, now + 60)
    services.cache.get_or_load("key", lambda: entry, max_age=None, deadline=Deadline.after(10))
    services.cache.settle()
    with suppress(redis.RedisError):
        return bool(services.redis.dbsize())
    return False


@pytest.fixture(params=["stop", "hang"])
def harm(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[Callable[[], None]]:
    """Makes Redis go away."""
    yield getattr(redis_server, request.param)
    redis_server.go_on()


def test_pages_are_read_and_kept_while_redis_is_away(services: Services, web: Site, harm: Callable[[], None]) -> None:
    url = web.page("/a", "<title>A</title>")
    harm()
    assert [extract(services, url).cache_hit for _ in range(2)] == [False, True]
    services.cache._front.clear()
    assert extract(services, url).cache_hit


def test_nobody_waits_for_redis_once_it_was_found_away(services: Services, harm: Callable[[], None]) -> None:
    harm()
    services.rates.take("key", SLOW)
    begun = time.monotonic()
    for _ in range(100):
        services.rates.take("key", SLOW)
        services.extractor.look_up(["https://example.com/"], Options())
    assert time.monotonic() - begun < 2 * REDIS_TIMEOUT + 0.5


def test_a_host_limits_rates_by_itself_while_redis_is_away(services: Services, harm: Callable[[], None]) -> None:
    harm()
    states = [services.rates.take("key", SLOW) for _ in range(4)]
    assert [state.allowed for state in states if state] == [True, True, True, False]


def test_redis_is_asked_again_when_it_is_back(services: Services, redis_server: RedisServer) -> None:
    assert asks_redis(services)
    redis_server.stop()
    assert not asks_redis(services)
    redis_server.start()
    until(lambda: asks_redis(services), timeout=10)


def test_a_redis_that_hung_is_asked_again(services: Services, redis_server: RedisServer) -> None:
    redis_server.hang()
    services.rates.take("key", SLOW)
    redis_server.go_on()
    until(lambda: asks_redis(services), timeout=10)


def test_services_open_without_redis(tmp_path: Path, redis_server: RedisServer, web: Site) -> None:
    redis_server.stop()
    settings = Settings(data_dir=tmp_path, allow_targets=parse_networks("127.0.0.0/8"), redis_url=redis_server.url)
    services = Services.open(settings)
    assert not extract(services, web.page("/a", "<title>A</title>")).cache_hit
    assert services.check_stores() == {"database": True, "shared": True, "redis": False}
    services.close()
