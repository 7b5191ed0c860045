"""Dispatcher: no request lost, a fair share for each tenant, and a refusal for what does not fit."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from app.errors import Overloaded
from app.server.dispatcher import Dispatcher, KnownKeys
from app.server.receiver import Receiver
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

    def submit(self, dispatcher: Dispatcher, tenant: str, count: int) -> None:
        for _ in range(count):
            dispatcher.submit(tenant, self.call(tenant))


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(SIZE)


def test_every_request_is_answered(dispatcher: Dispatcher, gate: Gate) -> None:
    gate.go.set()
    for number in range(500):
        until(lambda: dispatcher.waiting < 50, every=0.001)
        dispatcher.submit(f"tenant-{number % 5}", gate.call(f"tenant-{number % 5}"))
    until(lambda: len(gate.ran) == 500)


def test_the_thread_that_worked_last_works_next(dispatcher: Dispatcher) -> None:
    who: list[str] = []
    for number in range(5):
        until(lambda number=number: len(who) == number and len(dispatcher._parked) == SIZE)  # type: ignore[misc]
        dispatcher.submit("tenant", lambda: who.append(threading.current_thread().name))
    until(lambda: len(who) == 5)
    assert len(set(who)) == 1


def test_there_are_threads_to_spare_while_half_of_them_sleep(dispatcher: Dispatcher, gate: Gate) -> None:
    until(lambda: len(dispatcher._parked) == SIZE)
    for number in range(SIZE // 2):
        assert dispatcher.has_parked_threads
        dispatcher.submit(f"tenant-{number}", gate.call("any"))
        until(lambda number=number: gate.running["any"] == number + 1)  # type: ignore[misc]
    assert dispatcher.has_parked_threads
    dispatcher.submit("last", gate.call("any"))
    until(lambda: not dispatcher.has_parked_threads)


def test_there_are_none_to_spare_while_somebody_waits(dispatcher: Dispatcher, gate: Gate) -> None:
    gate.submit(dispatcher, "greedy", SIZE)
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    assert dispatcher.waiting
    assert not dispatcher.has_parked_threads


def test_a_tenant_alone_leaves_a_third_of_the_threads_for_a_newcomer(dispatcher: Dispatcher, gate: Gate) -> None:
    gate.submit(dispatcher, "greedy", 3 * SIZE)
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    gate.submit(dispatcher, "newcomer", 1)
    until(lambda: gate.running["newcomer"] == 1)
    assert gate.running["greedy"] == 2 * SIZE / 3


def test_tenants_take_turns_however_many_requests_one_has_waiting(gate: Gate) -> None:
    dispatcher = Dispatcher(1)
    gate.submit(dispatcher, "first", 1)
    until(lambda: gate.running["first"] == 1)
    gate.submit(dispatcher, "many", 5)
    gate.submit(dispatcher, "few", 1)
    gate.go.set()
    until(lambda: len(gate.ran) == 7)
    assert gate.ran[:3] == ["first", "many", "few"]


def test_a_tenant_may_have_its_share_waiting_and_no_more(dispatcher: Dispatcher, gate: Gate) -> None:
    gate.submit(dispatcher, "greedy", int(SIZE * 2 / 3))
    until(lambda: gate.running["greedy"] == 2 * SIZE / 3)
    gate.submit(dispatcher, "greedy", int(SHARE * SIZE * QUEUE_FACTOR))
    with pytest.raises(Overloaded) as refused:
        gate.submit(dispatcher, "greedy", 1)
    assert refused.value.retry_after
    gate.submit(dispatcher, "newcomer", 1)
    until(lambda: gate.running["newcomer"] == 1)


def test_a_call_that_fails_costs_no_thread(dispatcher: Dispatcher, gate: Gate) -> None:
    for _ in range(2 * SIZE):
        dispatcher.submit("failing", lambda: 1 // 0)
        until(lambda: dispatcher.is_idle)
    gate.submit(dispatcher, "tenant", 1)
    until(lambda: gate.running["tenant"] == 1)


def test_a_call_that_has_begun_is_never_turned_away(gate: Gate) -> None:
    dispatcher = Dispatcher(1)
    with pytest.raises(Overloaded):
        gate.submit(dispatcher, "greedy", 100)
    dispatcher.submit("greedy", gate.call("begun"), begun=True)
    gate.go.set()
    until(lambda: gate.running["begun"] == 1)


def test_a_parked_thread_keeps_nothing_of_its_last_call(dispatcher: Dispatcher) -> None:
    class Answer:
        """Takes the place of a request with all that hangs on it."""

        def __call__(self) -> None:
            pass

    answers = [Answer() for _ in range(SIZE)]
    kept = [weakref.ref(answer) for answer in answers]
    while answers:
        dispatcher.submit("tenant", answers.pop())
    until(lambda: dispatcher.is_idle and len(dispatcher._parked) == SIZE)
    gc.collect()
    assert [answer() for answer in kept] == [None] * SIZE


# Turns of keys ----------------------------------------------------------------------------------------------------


def receiver(key: str, path: str = "/v1/usage") -> Receiver:
    return Receiver(f"GET {path} HTTP/1.1\r\nX-Api-Key: {key}\r\n\r\n".encode())


def test_made_up_keys_share_one_turn() -> None:
    keys = KnownKeys()
    assert len({keys.tenant(receiver(f"ks_live_{number:032}")) for number in range(50)}) == 1


def test_a_key_that_was_accepted_takes_turns_of_its_own() -> None:
    keys, key = KnownKeys(), "ks_live_" + "a" * 32
    keys.add(key)
    assert keys.tenant(receiver(key)) == key
    assert keys.tenant(receiver("ks_live_" + "b" * 32)) != key


def test_requests_without_a_key_share_turns_by_what_they_ask() -> None:
    keys = KnownKeys()
    tenants = {keys.tenant(receiver("none", path)) for path in ("/v1/usage", "/v1/extract", "/healthz", "/docs")}
    assert len(tenants) == 2


def test_only_so_many_keys_are_remembered() -> None:
    keys, names = KnownKeys(size=2), [f"ks_live_{number:032}" for number in range(3)]
    for name in names:
        keys.add(name)
    assert [keys.tenant(receiver(name)) == name for name in names] == [False, True, True]
