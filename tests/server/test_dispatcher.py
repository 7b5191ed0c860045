"""The desk: no request lost, a fair share for each tenant, and a refusal for what does not fit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from app.errors import Overloaded
from app.server.dispatcher import Desk
from app.threads.fair_queue import QUEUE_FACTOR, SHARE
from tests.servers import until

SIZE = 12


class Gate:
    """Calls that run until they are let go, counted by tenant."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.ran: list[str] = []
        self.go = threading.Event()
        self._lock = threading.Lock()

    def call(self, tenant: str) -> Callable[[], None]:
        def run() -> None:
            with self._lock:
                self.running[tenant] += 1
                self.ran.append(tenant)
            self.go.wait(30)

        return run

    def submit(self, desk: Desk, tenant: str, count: int) -> None:
        for _ in range(count):
            desk.submit(tenant, self.call(tenant))


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def desk() -> Desk:
    return Desk(SIZE)


def test_every_request_is_answered(desk: Desk, gate: Gate) -> None:
    gate.go.set()
    for number in range(500):
        until(lambda: desk.waiting < 50, every=0.001)
        desk.submit(f"tenant-{number % 5}", gate.call(f"tenant-{number % 5}"))
    until(lambda: len(gate.ran) == 500)


def test_the_thread_that_worked_last_works_next(desk: Desk) -> None:
    who: list[str] = []
    for number in range(5):
        until(lambda number=number: len(who) == number and len(desk._bells) == SIZE)  # type: ignore[misc]
        desk.submit("tenant", lambda: who.append(threading.current_thread().name))
    until(lambda: len(who) == 5)
    assert len(set(who)) == 1


def test_there_are_threads_to_spare_while_half_of_them_sleep(desk: Desk, gate: Gate) -> None:
    until(lambda: len(desk._bells) == SIZE)
    for number in range(SIZE // 2):
        assert desk.has_threads_to_spare
        desk.submit(f"tenant-{number}", gate.call("any"))
        until(lambda number=number: gate.running["any"] == number + 1)  # type: ignore[misc]
    assert desk.has_threads_to_spare
    desk.submit("last", gate.call("any"))
    until(lambda: not desk.has_threads_to_spare)


def test_there_are_none_to_spare_while_somebody_waits(desk: Desk, gate: Gate) -> None:
    gate.submit(desk, "greedy", SIZE)
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    assert desk.waiting
    assert not desk.has_threads_to_spare


def test_a_tenant_alone_leaves_a_third_of_the_threads_for_a_newcomer(desk: Desk, gate: Gate) -> None:
    gate.submit(desk, "greedy", 3 * SIZE)
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    gate.submit(desk, "newcomer", 1)
    until(lambda: gate.running["newcomer"] == 1)
    assert gate.running["greedy"] == 2 * SIZE / 3


def test_tenants_take_turns_however_many_requests_one_has_waiting(gate: Gate) -> None:
    desk = Desk(1)
    gate.submit(desk, "first", 1)
    until(lambda: gate.running["first"] == 1)
    gate.submit(desk, "many", 5)
    gate.submit(desk, "few", 1)
    gate.go.set()
    until(lambda: len(gate.ran) == 7)
    assert gate.ran[:3] == ["first", "many", "few"]


def test_a_tenant_may_have_its_share_waiting_and_no_more(desk: Desk, gate: Gate) -> None:
    gate.submit(desk, "greedy", int(SIZE * 2 / 3))
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    gate.submit(desk, "greedy", int(SHARE * SIZE * QUEUE_FACTOR))
    with pytest.raises(Overloaded) as refused:
        gate.submit(desk, "greedy", 1)
    assert refused.value.retry_after
    gate.submit(desk, "newcomer", 1)
    until(lambda: gate.running["newcomer"] == 1)
