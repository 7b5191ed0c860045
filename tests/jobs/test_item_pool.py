"""A crew works jobs off, a bounded number of pages at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from app.deadline import Deadline
from app.errors import ProxyUnavailable, TargetHttpError, TargetTimeout
from app.extractor import Options
from app.fetch import TargetUrl
from app.jobs.allowance import Allowance, storage_full
from app.jobs.item_pool import PATIENCE, ItemPool
from app.jobs.item_runner import ItemRunner, choose_proxy, read_wait
from app.jobs.job import Item, Outcome, Status
from app.jobs.result_writer import ResultWriter
from app.page import Wait
from app.plans import Plan
from app.results import Failure, Success
from app.settings import Proxy
from app.threads.gil_gate import blocking
from tests.jobs.conftest import CONFIG, World, done
from tests.servers import until

PROXIES = (Proxy("DE", "residential", "http://de:1"), Proxy("US", "datacenter", "http://us:1"))


@contextmanager
def crew(world: World, run: Callable[[Item], Outcome], **options: Any) -> Iterator[ItemPool]:
    with ItemPool(world.queue, "owner", run, ResultWriter(world.queue, "owner"), **{"size": 8} | options) as hands:
        yield hands


def test_a_crew_works_until_nothing_waits(world: World) -> None:
    job = world.job(50)
    with crew(world, done) as hands:
        assert hands.work() == 50
    assert world.look(job).status == Status.COMPLETED


def test_a_ticket_takes_so_many_items_and_no_more(world: World) -> None:
    world.job(50)
    with crew(world, done) as hands:
        assert hands.work(limit=20) == 20
    assert world.queue.waiting() == 30


def most_at_once(world: World, sleep: AbstractContextManager[object]) -> int:
    world.job(40)
    world.job(40, "key-b")
    now, most, lock = 0, 0, threading.Lock()

    def run(item: Item) -> Outcome:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with sleep:
            time.sleep(0.01)
        with lock:
            now -= 1
        return done(item)

    with crew(world, run) as hands:
        hands.work()
    return most


def test_no_more_items_are_in_work_than_there_are_places(world: World) -> None:
    assert 1 < most_at_once(world, blocking) <= 8


def test_one_item_computes_at_a_time(world: World) -> None:
    assert most_at_once(world, nullcontext()) == 1


def test_a_slow_job_does_not_hold_up_another_keys_job(world: World) -> None:
    world.job(100, "slow")
    over = threading.Event()

    def run(item: Item) -> Outcome:
        if item.key_id == "slow":
            with blocking:
                over.wait(30)
        return done(item)

    with crew(world, run) as hands:
        working = threading.Thread(target=hands.work)
        working.start()
        until(lambda: world.queue.waiting() < 100)
        quick = world.job(20, "quick")
        until(lambda: world.look(quick).status == Status.COMPLETED, timeout=20)
        assert not over.is_set()
        hands.stop()
        over.set()
        working.join()


def test_a_crew_that_has_its_share_does_not_ask_for_more_all_the_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.job(100)
    asked, claim, over = [], world.queue.claim, threading.Event()
    monkeypatch.setattr(
        world.queue, "claim", lambda *rest, **more: asked.append(time.monotonic()) or claim(*rest, **more)
    )

    def run(item: Item) -> Outcome:
        over.wait(30)
        return done(item)

    with crew(world, run) as hands:
        working = threading.Thread(target=hands.work)
        working.start()
        until(lambda: asked)
        time.sleep(1)
        hands.stop()
        over.set()
        working.join()
    assert len(asked) <= 2 / PATIENCE


def test_a_stopped_crew_takes_nothing_more_and_ends_what_it_has(world: World) -> None:
    job = world.job(100)
    started = threading.Event()

    def run(item: Item) -> Outcome:
        started.set()
        time.sleep(0.05)
        return done(item)

    with crew(world, run) as hands:
        working = threading.Thread(target=hands.work)
        working.start()
        started.wait(30)
        hands.stop()
        working.join(30)
    found = world.look(job)
    assert found.completed + world.queue.waiting() == 100


def test_items_past_the_month_fail_without_a_fetch(world: World) -> None:
    job = world.job(3)

    def run(item: Item) -> Outcome:
        raise AssertionError("fetched")

    with crew(world, run, allowance=lambda key_id: Allowance(urls=0)) as hands:
        hands.work()
    results = list(world.store.results(job.id))
    assert {result.error_code for result in results} == {"QUOTA_EXCEEDED"}
    assert world.look(job).status == Status.FAILED


def test_a_result_waits_for_a_database_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.job(2)
    finish, failures = world.queue.finish, iter([True, True])

    def flaky(*arguments: Any) -> int:
        if next(failures, False):
            raise sa.exc.OperationalError("COMMIT", {}, Exception("gone"))
        return finish(*arguments)

    monkeypatch.setattr(world.queue, "finish", flaky)
    with crew(world, done) as hands:
        hands.work()
    assert world.look(job).completed == 2


@pytest.mark.parametrize("left", [1, 5, 19])
def test_a_month_that_is_nearly_used_up_is_not_passed(world: World, left: int) -> None:
    job = world.job(20)

    def allowance(key_id: str) -> Allowance:
        return Allowance(urls=left - world.charged[key_id])

    with crew(world, done, allowance=allowance) as hands:
        hands.work()
    found = world.look(job)
    assert (found.completed, found.failed, world.charged) == (left, 20 - left, {"key-a": left})


def test_a_key_that_stores_too_much_fails_its_items_without_a_fetch(world: World) -> None:
    plan = Plan("small", batch_limit=1, stored_mib=1)
    job = world.job(30)

    def run(item: Item) -> Outcome:
        return replace(done(item), data=bytes([item.input_index]) * 300_000)

    def allowance(key_id: str) -> Allowance:
        return Allowance(full=storage_full(plan) if world.store.is_full(key_id, plan) else None)

    with crew(world, run, allowance=allowance, size=2) as hands:
        hands.work()
    stored = [result for result in world.store.results(job.id) if result.data]
    assert 4 <= len(stored) <= 6
    assert {result.error_code for result in world.store.results(job.id)} == {None, "QUOTA_EXCEEDED"}


class Extractor:
    """Answers with what it is given, and keeps what it was asked."""

    def __init__(self, answer: Success | Failure | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[TargetUrl, Options, Deadline, str]] = []

    def __call__(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Success | Failure:
        self.asked.append((target, options, deadline, tenant))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def item(url: str = "https://example.com/", headers: dict[str, str] | None = None, **config: Any) -> Item:
    return Item("job", "key", 0, url, CONFIG | config, headers or {})


def ran(answer: Success | Failure | Exception, asked: Item | None = None) -> Outcome:
    return ItemRunner(Extractor(answer), PROXIES, 10)(asked or item())


def test_a_success_becomes_a_completed_item() -> None:
    outcome = ran(Success(b"{}", 200, False, 0, 0))
    assert (outcome.status, outcome.data, outcome.http_status) == (Status.COMPLETED, b"{}", 200)


def test_a_failure_becomes_a_failed_item_with_its_code() -> None:
    outcome = ran(Failure(TargetTimeout()))
    assert (outcome.status, outcome.error_code, outcome.http_status) == (Status.FAILED, "TARGET_TIMEOUT", None)


def test_a_failed_item_tells_the_status_of_the_page() -> None:
    assert ran(Failure(TargetHttpError(404))).http_status == 404


def test_a_mistake_of_ours_fails_the_item_alone() -> None:
    assert ran(RuntimeError("bug")).error_code == "INTERNAL_ERROR"


def test_an_item_asks_for_what_its_job_asks() -> None:
    extract = Extractor(Failure(TargetTimeout()))
    asked = item(
        headers={"X-A": "1"},
        formats=["html"],
        include_metadata=True,
        proxy={"country": "DE", "type": None},
        render_js=True,
        wait_config={"wait_until": "load", "wait_for": "#x", "wait_timeout": 500},
    )
    ItemRunner(extract, PROXIES, 10)(asked)
    [(target, options, deadline, tenant)] = extract.asked
    assert (str(target), tenant) == ("https://example.com/", "key")
    assert options == Options(
        formats=frozenset({"html"}),
        metadata=True,
        headers=(("X-A", "1"),),
        proxy="http://de:1",
        render=Wait("load", "#x", 0.5),
    )
    assert 29 < deadline.remaining() <= 30.5


@pytest.mark.parametrize(
    ("wanted", "url"),
    [
        (None, None),
        ({"country": None, "type": None}, None),
        ({"country": "US", "type": None}, "http://us:1"),
        ({"country": None, "type": "residential"}, "http://de:1"),
        ({"country": "DE", "type": "residential"}, "http://de:1"),
    ],
)
def test_the_first_proxy_that_fits_is_taken(wanted: dict | None, url: str | None) -> None:
    assert choose_proxy(PROXIES, wanted) == url


def test_a_proxy_that_nobody_offers_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProxyUnavailable, match="DE residential, US datacenter"):
        choose_proxy(PROXIES, {"country": "DE", "type": "datacenter"})


def test_without_a_wait_config_the_page_settles() -> None:
    assert read_wait(None) == Wait()
