"""Many URLs at once: each asked once, all side by side, and no answer later than the deadline."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

from app.batch import Outcomes, collect, extract_batch
from app.deadline import Deadline
from app.errors import Overloaded, TargetTimeout, TargetUnreachable
from app.extractor import Options
from app.fetch import TargetUrl, parse_url
from app.results import Failure, Outcome, Success
from app.threads.gil_gate import blocking
from app.threads.pool import FairPool
from tests.servers import until


class MadeUp:
    """Stands where an extractor stands: what it says of a URL, and after how long, is made up."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.asked: Counter[str] = Counter()
        self.ended: list[str] = []
        self.settled: list[int] = []
        self.go = threading.Event()
        self._known = set(known)
        self._lock = threading.Lock()

    def look_up(self, urls: Iterable[str], options: Options, tenant: str = "") -> dict[str, Outcome]:
        return {url: _success(url, hit=True) for url in urls if url in self._known}

    def settle(self) -> None:
        self.settled.append(sum(self.asked.values()))

    def extract(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Outcome:
        with self._lock:
            self.asked[str(target)] += 1
        with blocking:
            while "slow" in str(target) and not self.go.wait(0.01) and not deadline.passed:
                pass
        with self._lock:
            self.ended.append(str(target))
        return Failure(TargetTimeout()) if deadline.passed else _success(target.text, hit=False)


def _success(url: str, *, hit: bool) -> Success:
    return Success(url.encode(), 200, hit, 0.0, 1.0)


def urls(*paths: str) -> list[TargetUrl]:
    return [parse_url(f"https://example.com/{path}") for path in paths]


def batch(
    extractor: MadeUp, targets: list[TargetUrl], *, seconds: float = 30, size: int = 30, **more: Callable[[], bool]
) -> Iterator[Outcomes]:
    pool = FairPool(size, batches=10)
    deadline = Deadline.after(seconds)
    return extract_batch(targets, extractor, pool, Options(), deadline, "tenant", **more)  # type: ignore[arg-type]


def codes(done: Iterator[Outcomes]) -> dict[str, str]:
    return {
        url.rpartition("/")[2]: outcome.error.code if isinstance(outcome, Failure) else "ok"
        for url, outcome in collect(done).items()
    }


def test_every_url_has_an_outcome() -> None:
    assert codes(batch(MadeUp(), urls("a", "b", "c"))) == {"a": "ok", "b": "ok", "c": "ok"}


def test_a_url_that_is_asked_twice_is_read_once() -> None:
    extractor = MadeUp()
    assert len(collect(batch(extractor, urls("a", "b", "a", "a")))) == 2
    assert set(extractor.asked.values()) == {1}


def test_what_the_cache_knows_comes_first_and_takes_no_thread() -> None:
    extractor = MadeUp(known=["https://example.com/known"])
    first = next(batch(extractor, urls("slow", "known")))
    assert list(first) == ["https://example.com/known"]
    assert "https://example.com/known" not in extractor.asked
    extractor.go.set()


def test_outcomes_come_as_they_are_done() -> None:
    extractor = MadeUp()
    done = filter(None, batch(extractor, urls("slow", "quick")))
    assert list(next(done)) == ["https://example.com/quick"]
    extractor.go.set()
    assert list(next(done)) == ["https://example.com/slow"]


def test_what_is_not_done_by_the_deadline_timed_out() -> None:
    begun = time.monotonic()
    found = codes(batch(MadeUp(), urls("slow", "slower", "quick"), seconds=0.3))
    assert found == {"quick": "ok", "slow": "TARGET_TIMEOUT", "slower": "TARGET_TIMEOUT"}
    assert time.monotonic() - begun < 3


def test_fetched_outcomes_are_settled_when_the_last_is_told() -> None:
    extractor = MadeUp(known=["https://example.com/known"])
    collect(batch(extractor, urls("known")))
    assert extractor.settled == []
    collect(batch(extractor, urls("a", "b", "known")))
    assert extractor.settled == [2]


def test_who_stops_iterating_stops_the_work() -> None:
    extractor = MadeUp()
    done = batch(extractor, urls("slow", "slower", "quick"))
    next(done)
    done.close()  # type: ignore[attr-defined]
    until(lambda: len(extractor.ended) == 3, timeout=5)


def test_who_goes_away_stops_the_work() -> None:
    extractor, gone = MadeUp(), threading.Event()
    threading.Timer(0.2, gone.set).start()
    begun = time.monotonic()
    found = codes(batch(extractor, urls("slow", "quick"), abandoned=gone.is_set))
    assert found == {"quick": "ok", "slow": "TARGET_TIMEOUT"}
    assert time.monotonic() - begun < 5
    until(lambda: len(extractor.ended) == 2, timeout=5)


def test_what_waits_for_a_thread_when_time_is_up_is_answered_too() -> None:
    found = codes(batch(MadeUp(), urls("slow", "a", "b"), seconds=0.3, size=1))
    assert found == {"slow": "TARGET_TIMEOUT", "a": "TARGET_TIMEOUT", "b": "TARGET_TIMEOUT"}


def test_a_batch_that_finds_no_room_is_refused_before_its_first_outcome() -> None:
    extractor = MadeUp()
    with pytest.raises(Overloaded):
        batch(extractor, urls(*map(str, range(50))), size=1)
    assert not extractor.asked


def test_a_batch_of_nothing_has_no_outcomes() -> None:
    assert codes(batch(MadeUp(), [])) == {}


def test_an_error_of_one_url_is_its_own() -> None:
    class Failing(MadeUp):
        def extract(self, target: TargetUrl, *rest: object, **more: object) -> Outcome:
            return Failure(TargetUnreachable()) if "bad" in str(target) else _success(target.text, hit=False)

    assert codes(batch(Failing(), urls("good", "bad"))) == {"good": "ok", "bad": "TARGET_UNREACHABLE"}
