"""The gil_gate: one thread of a crowd computes, and nobody is ever stuck for want of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.threads import gil_gate
from app.threads.gil_gate import PATIENCE, blocking, computing
from tests.servers import until


class Crowd:
    """Threads that run together, and how many of them are in a stretch of work at once."""

    def __init__(self) -> None:
        self.at_work = 0
        self.most = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, call: Callable[[], None], size: int = 1) -> None:
        def run() -> None:
            with computing:
                call()

        for _ in range(size):
            self._threads.append(threading.Thread(target=run))
            self._threads[-1].start()

    def work(self, seconds: float) -> None:
        with self._lock:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        time.sleep(seconds)
        with self._lock:
            self.at_work -= 1

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    monkeypatch.setattr(gil_gate, "_gate", threading.Lock())  # threads of other tests may still hold the real one
    crowd = Crowd()
    yield crowd
    crowd.join()


def test_one_of_a_crowd_computes_at_a_time(crowd: Crowd) -> None:
    crowd.start(lambda: crowd.work(PATIENCE / 20), size=10)
    crowd.join()
    assert crowd.most == 1


def test_whoever_rests_lets_others_compute(crowd: Crowd) -> None:
    rested, done = threading.Event(), threading.Event()

    def rest() -> None:
        with blocking:
            rested.set()
            done.wait(30)

    crowd.start(rest)
    rested.wait(30)
    crowd.start(done.set)
    until(done.is_set, timeout=PATIENCE / 2, every=0.001)


def test_whoever_has_rested_computes_alone_again(crowd: Crowd) -> None:
    def rest_and_work() -> None:
        with blocking:
            time.sleep(0.01)
        crowd.work(PATIENCE / 20)

    crowd.start(rest_and_work, size=10)
    crowd.join()
    assert crowd.most == 1


def test_who_is_stuck_with_it_holds_nobody_up_for_long(crowd: Crowd) -> None:
    stuck, go, done = threading.Event(), threading.Event(), threading.Event()

    def stick() -> None:
        stuck.set()
        go.wait(30)

    crowd.start(stick)
    stuck.wait(30)
    crowd.start(done.set)
    until(done.is_set)
    go.set()


def test_a_thread_of_no_crowd_does_not_wait_for_it(crowd: Crowd) -> None:
    holding, go = threading.Event(), threading.Event()

    def hold() -> None:
        holding.set()
        go.wait(30)

    crowd.start(hold)
    holding.wait(30)
    begun = time.monotonic()
    with blocking:
        pass
    go.set()
    assert time.monotonic() - begun < PATIENCE


def test_it_is_free_when_a_crowd_has_gone(crowd: Crowd) -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError), computing:
            raise ZeroDivisionError

    fail()
    done = threading.Event()
    crowd.start(done.set)
    until(done.is_set, timeout=PATIENCE / 2, every=0.001)
