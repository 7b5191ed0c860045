"""Hosts: few connections, fewer for a host that refuses, none during a pause, and waits without threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from app.deadline import Deadline
from app.errors import TargetHttpError, TargetTimeout
from app.threads import hosts as hosts_module
from app.threads.gil_gate import blocking
from app.threads.host_executor import HostExecutor
from app.threads.hosts import MAX_PAUSE, RECOVERY, HostLine, Hosts
from app.threads.pool import FairPool
from tests.servers import until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time of hosts on."""
    ahead = [0.0]
    monkeypatch.setattr(hosts_module.time, "monotonic", lambda real=time.monotonic: real() + ahead[0])

    def pass_by(seconds: float) -> None:
        ahead[0] += seconds

    return pass_by


def test_a_host_has_so_many_connections_at_a_time() -> None:
    hosts = Hosts(2)
    with hosts.connection("a", Deadline.after(1)) as one, hosts.connection("a", Deadline.after(1)) as two:
        assert (one, two) == (1, 2)
        with pytest.raises(TargetTimeout) as raised, hosts.connection("a", Deadline.after(0.05)):
            pass
        assert raised.value.reason == "queue"
        with hosts.connection("b", Deadline.after(1)) as other:
            assert other == 1
    with hosts.connection("a", Deadline.after(1)) as again:
        assert again == 1


def test_a_connection_is_handed_on() -> None:
    hosts, got = Hosts(1), threading.Event()

    def wait() -> None:
        with hosts.connection("a", Deadline.after(5)):
            got.set()

    with hosts.connection("a", Deadline.after(1)):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not got.wait(0.05)
    assert got.wait(1)
    thread.join()


def test_a_host_that_refuses_gets_fewer_and_more_again(clock: Callable[[float], None]) -> None:
    hosts = Hosts(6)

    def most() -> int:
        return next(calls for calls in range(10) if not _may(hosts, calls))

    assert most() == 6
    assert hosts.lower("a", 6)
    assert most() == 5
    assert hosts.lower("a", 3)
    assert most() == 2
    assert hosts.lower("a", 5)
    assert most() == 2
    assert not hosts.lower("a", 1)
    assert most() == 1
    for more in (2, 3, 4, 5, 6, 6):
        clock(RECOVERY + 0.1)
        assert most() == more


def _may(hosts: Hosts, calls: int) -> bool:
    for _ in range(calls):
        hosts.begin("a")
    may = hosts.may_begin("a")
    for _ in range(calls):
        hosts.end("a")
    return may


@pytest.mark.parametrize(("asked", "told"), [(5, 5), (0, None), (3_600, MAX_PAUSE)])
def test_a_host_that_asks_for_a_pause_gets_it(clock: Callable[[float], None], asked: float, told: float | None) -> None:
    hosts = Hosts(6)
    hosts.pause("a", asked, 503)
    if told is not None:
        with pytest.raises(TargetHttpError) as raised, hosts.connection("a", Deadline.after(1)):
            pass
        assert raised.value.details == {"http_status": 503, "retry_after": told}
        assert (raised.value.retryable, raised.value.reason) == (True, "paused")
    with hosts.connection("b", Deadline.after(1)):
        pass
    clock((told or 0) + 0.1)
    with hosts.connection("a", Deadline.after(1)):
        pass


def test_idle_hosts_are_forgotten(clock: Callable[[float], None]) -> None:
    hosts = Hosts(6)
    for number in range(50):
        hosts.begin(f"{number}")
        with hosts.connection(f"{number}", Deadline.after(1)):
            hosts.lower("kept", 3)
        hosts.end(f"{number}")
    assert set(hosts._hosts) == {"kept"}


def test_no_limit_is_no_limit() -> None:
    hosts = Hosts(0)
    for _ in range(1_000):
        hosts.begin("a")
    assert hosts.may_begin("a")


def test_hosts_take_turns_and_a_full_one_is_passed_over() -> None:
    hosts = Hosts(1)
    line: HostLine[int] = HostLine(hosts)
    line.extend([("a", 1), ("a", 2), ("b", 3), ("b", 4), ("c", 5)])
    assert [line.popleft() for _ in range(5)] == [("a", 1), ("b", 3), ("c", 5), ("a", 2), ("b", 4)]
    line.extend([("a", 1), ("b", 2)])
    hosts.begin("a")
    assert (line.popleft(), line.ready, len(line)) == (("b", 2), False, 1)
    with pytest.raises(IndexError):
        line.popleft()
    hosts.end("a")
    assert line.popleft() == ("a", 1)


class Calls:
    """Calls that wait until they are let go, counted by host."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.ended = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def to(self, host: str, seconds: float | None = None) -> Callable[[], None]:
        def call() -> None:
            with self._lock:
                self.running[host] += 1
                self.most[host] = max(self.most[host], self.running[host])
            with blocking:
                self.go.wait(10 if seconds is None else seconds)
            with self._lock:
                self.running[host] -= 1
                self.ended += 1

        return call


def test_calls_to_one_host_wait_without_a_thread_of_the_pool() -> None:
    calls = Calls()
    pool = FairPool(20, batches=10, hosts=Hosts(3))
    pool.submit("one", [calls.to("a")] * 50, ["a"] * 50)
    pool.submit("two", [calls.to("a")] * 50, ["a"] * 50)
    until(lambda: calls.running["a"] == 3, timeout=5)
    time.sleep(0.1)
    pool.submit("one", [calls.to(f"b{number}") for number in range(5)], [f"b{number}" for number in range(5)])
    until(lambda: calls.running.total() == 8, timeout=5)
    assert pool.running == 8
    calls.go.set()
    until(lambda: calls.ended == 105, timeout=10)
    assert calls.most["a"] == 3


def test_an_executor_holds_calls_back_for_their_host() -> None:
    calls, executor = Calls(), HostExecutor(10, Hosts(2), "item")
    for host in ["a"] * 30 + ["b"] * 3:
        executor.submit(host, calls.to(host, 0.005))
    until(lambda: calls.ended == 33, timeout=10)
    assert calls.most == {"a": 2, "b": 2}
    executor.shutdown()
