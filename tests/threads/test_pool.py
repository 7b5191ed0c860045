"""The pool: no call lost, a fair share for each tenant, and a refusal for what does not fit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.errors import Overloaded
from app.threads.fair_queue import HEADROOM_FACTOR, QUEUE_FACTOR, SHARE
from app.threads.gil_gate import blocking
from app.threads.pool import FairPool
from tests.servers import until


class Gate:
    """Calls that run until they are let go, counted by tenant."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.ended: list[str] = []
        self.go = threading.Event()
        self._lock = threading.Lock()

    def calls(self, tenant: str, count: int) -> list[Callable[[], None]]:
        return [lambda: self._run(tenant)] * count

    def _run(self, tenant: str) -> None:
        with self._lock:
            self.running[tenant] += 1
        with blocking:
            self.go.wait(30)
        with self._lock:
            self.running[tenant] -= 1
            self.ended.append(tenant)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(Overloaded) as raised:
        yield
    assert raised.value.retry_after


def test_every_call_runs_once() -> None:
    pool, lock, ran = FairPool(8, batches=100), threading.Lock(), Counter[int]()

    def call(number: int) -> Callable[[], None]:
        def run() -> None:
            with lock:
                ran[number] += 1

        return run

    for batch in range(50):
        pool.submit(f"tenant-{batch % 5}", [call(batch * 10 + place) for place in range(10)])
        until(lambda least=batch * 10 - 30: sum(ran.values()) > least, every=0.001)
    until(lambda: sum(ran.values()) == 500)
    assert set(ran.values()) == {1}


def test_no_more_threads_than_its_size_run(gate: Gate) -> None:
    before = threading.active_count()
    pool = FairPool(6, batches=100)
    for number in range(6):
        pool.submit(f"tenant-{number}", gate.calls("any", 5))
    until(lambda: gate.running["any"] == 6)
    assert threading.active_count() <= before + 6
    gate.go.set()
    until(lambda: len(gate.ended) == 30)


def test_a_pool_that_was_filled_starts_no_thread_later(gate: Gate) -> None:
    without = threading.active_count()
    pool = FairPool(5, batches=9)
    pool.fill()
    pool.submit("a", gate.calls("a", 9))
    assert threading.active_count() == without + 5


@pytest.mark.parametrize("size", [3, 12, 30])
def test_a_tenant_alone_leaves_a_third_free_for_a_newcomer(gate: Gate, size: int) -> None:
    pool = FairPool(size, batches=100)
    pool.submit("greedy", gate.calls("greedy", size * 2))
    most = size * HEADROOM_FACTOR // (HEADROOM_FACTOR + 1)
    until(lambda: gate.running["greedy"] == most)
    pool.submit("newcomer", gate.calls("newcomer", 1))
    until(lambda: gate.running["newcomer"] == 1)
    assert gate.running["greedy"] == most


def test_a_pool_of_one_works_for_everybody(gate: Gate) -> None:
    pool = FairPool(1, batches=100)
    gate.go.set()
    for tenant in "abc":
        pool.submit(tenant, gate.calls(tenant, 2))
        until(lambda: len(gate.ended) % 2 == 0 and not gate.running.total())
    until(lambda: Counter(gate.ended) == {"a": 2, "b": 2, "c": 2})


def test_tenants_take_turns_however_much_one_has_queued(gate: Gate) -> None:
    pool = FairPool(1, batches=100)
    pool.submit("first", gate.calls("first", 1))
    until(lambda: gate.running["first"] == 1)
    pool.submit("much", gate.calls("much", 4))
    pool.submit("little", gate.calls("little", 2))
    gate.go.set()
    until(lambda: len(gate.ended) == 7)
    assert gate.ended == ["first", "much", "little", "much", "little", "much", "much"]


def test_a_tenant_may_queue_its_share_and_no_more(gate: Gate) -> None:
    pool = FairPool(3, batches=100)
    share = int(SHARE * 3 * QUEUE_FACTOR)
    with refused():
        pool.submit("greedy", gate.calls("greedy", share + 1))
    assert not gate.running
    pool.submit("greedy", gate.calls("greedy", share))
    until(lambda: gate.running["greedy"] == 2)
    with refused():
        pool.submit("greedy", gate.calls("greedy", 3))
    pool.submit("other", gate.calls("other", 3))


def test_what_does_not_fit_is_refused_whole(gate: Gate) -> None:
    pool = FairPool(3, batches=100)
    for tenant in "ab":
        pool.submit(tenant, gate.calls(tenant, 12))
    until(lambda: gate.running.total() == 3)
    with refused():
        pool.submit("late", gate.calls("late", 10))
    gate.go.set()
    until(lambda: Counter(gate.ended) == {"a": 12, "b": 12})


def test_a_tenant_may_have_its_share_of_batches_and_no_more(gate: Gate) -> None:
    pool = FairPool(30, batches=9)
    for _ in range(6):
        pool.submit("greedy", gate.calls("greedy", 1))
    with refused():
        pool.submit("greedy", gate.calls("greedy", 1))
    for _ in range(3):
        pool.submit("other", gate.calls("other", 1))
    with refused():
        pool.submit("third", gate.calls("third", 1))


def test_there_is_room_again_when_batches_have_ended(gate: Gate) -> None:
    pool = FairPool(3, batches=3)
    pool.submit("a", gate.calls("a", 2))
    pool.submit("a", gate.calls("a", 2))
    with refused():
        pool.submit("a", gate.calls("a", 2))
    gate.go.set()
    until(lambda: len(gate.ended) == 4)
    until(lambda: not pool._batches)
    pool.submit("a", gate.calls("a", 2))
    until(lambda: len(gate.ended) == 6)


def test_it_tells_how_many_wait_and_run(gate: Gate) -> None:
    seen: list[tuple[int, int]] = []
    pool = FairPool(2, batches=10, observe=lambda waiting, busy: seen.append((waiting, busy)))
    pool.submit("a", gate.calls("a", 5))
    gate.go.set()
    until(lambda: len(gate.ended) == 5)
    until(lambda: len(seen) == 2)
    assert seen[0] == (5, 0)
    assert seen[-1] == (0, 0)
