"""Many URLs, now: each asked once, all side by side, and no answer later than the deadline.

What became of them is encoded here, too, the same for every door: joined from the bytes that the results hold.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

from app.deadline import Deadline
from app.errors import InvalidUrl, Overloaded, TargetTimeout
from app.extractor import Extractor, Options
from app.fetch import TargetUrl, parse_url
from app.results import Failure, Outcome, Success
from app.text import printable
from app.threads.pool import FairPool

Outcomes = dict[str, Outcome]
"""What became of some URLs: of each different one once, by the `text` of its target."""

ParsedUrl = TargetUrl | InvalidUrl

REFRESH_TIMEOUT = 30.0  # seconds for a refresh behind an answer


def parse_urls(urls: Sequence[str]) -> list[ParsedUrl]:
    """Parse each URL to a target or an error."""
    try:
        return list(map(parse_url, urls))  # mostly all are well, and most are remembered
    except InvalidUrl:
        return [_parse_url(url) for url in urls]


def _parse_url(url: str) -> ParsedUrl:
    try:
        return parse_url(url)
    except InvalidUrl as error:
        return error


def describe_invalid(urls: Sequence[str], parsed: Sequence[ParsedUrl]) -> list[dict[str, Any]]:
    """Describe the invalid URLs: index, URL and reason of each."""
    if InvalidUrl not in map(type, parsed):
        return []
    return [
        {"index": index, "url": printable(urls[index]), "reason": each.message}
        for index, each in enumerate(parsed)
        if isinstance(each, InvalidUrl)
    ]


def extract_batch(
    parsed: Iterable[ParsedUrl],
    extractor: Extractor,
    pool: FairPool,
    options: Options,
    deadline: Deadline,
    tenant: str,
    abandoned: Callable[[], bool] = lambda: False,
    *,
    streaming: bool = True,
    refreshed: Callable[[Outcome], None] = lambda outcome: None,
) -> Iterator[Outcomes]:
    """Extract targets and yield outcomes as they arrive; after the deadline the rest is TargetTimeout.

    Raises Overloaded, before the first result, if the pool has no room. Whoever stops iterating stops the work,
    and so does an asker who has `abandoned` it, which is looked at every `Deadline.SLICE` seconds. An asker who
    is not `streaming` is woken once, when all is known, and not for each result. Cards that `max_stale` let pass are
    fetched again behind the answer, and `refreshed` is called with each outcome, in a fetch thread.
    """
    wanted = {each.text: each for each in parsed if isinstance(each, TargetUrl)}
    found = extractor.look_up(wanted, options, tenant)
    if options.max_stale and (stale := [wanted[url] for url, each in found.items() if _is_stale(each)]):
        _refresh(stale, extractor, pool, options, tenant, refreshed)
    if len(found) == len(wanted):
        return iter((found,))
    missing = wanted.keys() - found.keys()
    results = _Results(1 if streaming else len(missing))

    def call(url: str) -> Callable[[], None]:
        context = contextvars.copy_context()  # the request id goes into the log lines of its fetches
        return lambda: results.put(url, context.run(extractor.extract, wanted[url], options, deadline, tenant))

    asked = [url for url in wanted if url in missing]
    pool.submit(tenant, list(map(call, asked)), [wanted[url].netloc for url in asked])
    return _as_they_come(found, missing, results, extractor, deadline, abandoned)


def _is_stale(outcome: Outcome) -> bool:
    return isinstance(outcome, Success) and outcome.stale


def _refresh(
    stale: Iterable[TargetUrl],
    extractor: Extractor,
    pool: FairPool,
    options: Options,
    tenant: str,
    refreshed: Callable[[Outcome], None],
) -> None:
    """Queue refreshes behind the answer, one for each card; without room in the pool leave them to later requests."""
    taken = {target: end for target in stale if (end := extractor.begin_refresh(target, options, tenant))}

    def call(target: TargetUrl, end: Callable[[], None]) -> Callable[[], None]:
        context = contextvars.copy_context()

        def run() -> None:
            try:
                deadline = Deadline.after(REFRESH_TIMEOUT)
                refreshed(context.run(extractor.extract, target, options, deadline, tenant))
            finally:
                end()

        return run

    try:
        if taken:
            calls = [call(target, end) for target, end in taken.items()]
            pool.submit(tenant, calls, [target.netloc for target in taken])
    except Overloaded:
        for end in taken.values():
            end()


class _Results:
    """Channel of outcomes from the fetch threads to the answering thread, woken for each `group`."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._numbers = count(1)
        self._came: deque[tuple[str, Outcome]] = deque()
        self._woken: SimpleQueue[None] = SimpleQueue()

    def put(self, url: str, outcome: Outcome) -> None:
        self._came.append((url, outcome))
        if next(self._numbers) % self._group == 0:
            self._woken.put(None)

    def wait(self, seconds: float) -> bool:
        """Sleep until a group is complete, and for so many seconds at most; whether one is."""
        try:
            self._woken.get(timeout=seconds)
        except Empty:
            return False
        return True

    def take(self) -> Outcomes:
        """Take all outcomes present."""
        return dict([self._came.popleft() for _ in range(len(self._came))])


def _as_they_come(
    found: Outcomes,
    pending: set[str],
    results: _Results,
    extractor: Extractor,
    deadline: Deadline,
    abandoned: Callable[[], bool],
) -> Iterator[Outcomes]:
    try:
        yield found
        over = False
        while pending and not over:
            over = not results.wait(deadline.slice()) and (deadline.passed or abandoned())
            done = results.take()
            pending -= done.keys()
            yield done
        yield {url: Failure(TargetTimeout()) for url in pending}
    finally:
        deadline.cancel()
        extractor.settle()


def collect(done: Iterator[Outcomes]) -> Outcomes:
    """Collect all outcomes."""
    known: Outcomes = {}
    for some in done:
        known |= some
    return known


def in_order(parsed: Sequence[ParsedUrl], done: Iterator[Outcomes]) -> list[Outcome]:
    """Collect the outcomes, one for each URL asked, in the order asked."""
    known = collect(done)
    return [known[each.text] if isinstance(each, TargetUrl) else Failure(each) for each in parsed]
