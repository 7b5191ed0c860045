"""Many URLs, now: each asked once, all side by side, and no answer later than the deadline.

What became of them is encoded here, too, the same for every door: joined from the bytes that the results hold.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, repeat
from queue import Empty, SimpleQueue
from typing import Any

import orjson

from app.deadline import Deadline
from app.errors import InvalidUrl, TargetTimeout
from app.extractor import Extractor, Failure, Options, Outcome, Success
from app.fetch import TargetUrl, parse_url
from app.text import printable
from app.threads.pool import FairPool

Outcomes = dict[str, Outcome]
"""What became of some URLs: of each different one once, by the `text` of its target."""

ParsedUrl = TargetUrl | InvalidUrl


def parse_urls(urls: Sequence[str]) -> list[ParsedUrl]:
    """Each URL as a target, or what is wrong with it."""
    try:
        return list(map(parse_url, urls))  # mostly all are well, and most are remembered
    except InvalidUrl:
        return [_parse_url(url) for url in urls]


def _parse_url(url: str) -> ParsedUrl:
    try:
        return parse_url(url)
    except InvalidUrl as error:
        return error


def describe_invalid(urls: Sequence[str], judged: Sequence[ParsedUrl]) -> list[dict[str, Any]]:
    """What is wrong with these URLs: the place of each that is, the URL, and the reason."""
    if InvalidUrl not in map(type, judged):
        return []
    return [
        {"index": index, "url": printable(urls[index]), "reason": each.message}
        for index, each in enumerate(judged)
        if isinstance(each, InvalidUrl)
    ]


def extract_batch(
    judged: Iterable[ParsedUrl],
    extractor: Extractor,
    pool: FairPool,
    options: Options,
    deadline: Deadline,
    tenant: str,
    abandoned: Callable[[], bool] = lambda: False,
    *,
    streaming: bool = True,
) -> Iterator[Outcomes]:
    """What became of the targets, as it is known; what is not known by the deadline is TargetTimeout.

    Raises Overloaded, before the first result, if the pool has no room. Whoever stops iterating stops the work,
    and so does an asker who has `abandoned` it, which is looked at every `Deadline.SLICE` seconds. An asker who
    is not `streaming` is woken once, when all is known, and not for each result.
    """
    wanted = {each.text: each for each in judged if isinstance(each, TargetUrl)}
    found = extractor.look_up(wanted, options, tenant)
    if len(found) == len(wanted):
        return iter((found,))
    missing = wanted.keys() - found.keys()
    results = _Results(1 if streaming else len(missing))

    def call(url: str) -> Callable[[], None]:
        context = contextvars.copy_context()  # the request id goes into the log lines of its fetches
        return lambda: results.put(url, context.run(extractor.extract, wanted[url], options, deadline, tenant))

    pool.submit(tenant, [call(url) for url in wanted if url in missing])
    return _as_they_come(found, missing, results, deadline, abandoned)


class _Results:
    """What became of URLs, on its way from the threads that fetch to the one that answers, `group` at a time."""

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
        """All that there is."""
        return dict([self._came.popleft() for _ in range(len(self._came))])


def _as_they_come(
    found: Outcomes,
    pending: set[str],
    results: _Results,
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


def collect(done: Iterator[Outcomes]) -> Outcomes:
    """All of it, when it is known."""
    known: Outcomes = {}
    for some in done:
        known |= some
    return known


def encode_batch(urls: Sequence[str], judged: Sequence[ParsedUrl], done: Iterator[Outcomes]) -> list[bytes]:
    """`{"results", "summary"}`: one result for each URL asked, in the order asked, as JSON.

    In pieces, to be joined once: an answer may have megabytes.
    """
    known = collect(done)
    outcomes = [known[each.text] if isinstance(each, TargetUrl) else Failure(each) for each in judged]
    pieces = chain.from_iterable(map(_pieces, chain((_BEGIN,), repeat(_GO_ON)), _echoes(urls), outcomes))
    summary = encode_summary(len(urls), list(map(type, outcomes)).count(Success))
    return [b'{"results":[', *pieces, b'],"summary":', summary, b"}"]


def encode_result(url: str, outcome: Outcome) -> bytes:
    """What became of one URL, as JSON; `url` is echoed as it was sent."""
    return b"".join(_pieces(_BEGIN, _echoes([url])[0], outcome))


_BEGIN, _GO_ON = b'{"url":', b',{"url":'


def _echoes(urls: Sequence[str]) -> list[bytes]:
    try:
        return list(map(orjson.dumps, urls))
    except orjson.JSONEncodeError:  # lone surrogates
        return [orjson.dumps(printable(url)) for url in urls]


def _pieces(begin: bytes, echo: bytes, outcome: Outcome) -> tuple[bytes, ...]:
    if isinstance(outcome, Success):
        hit = b',"cache_hit":true' if outcome.cache_hit else b',"cache_hit":false'
        return begin, echo, b',"success":true,"data":', outcome.data, hit, b',"stale":true}' if outcome.stale else b"}"
    error = outcome.error
    told: dict[str, Any] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if error.details:
        told["details"] = error.details
    return begin, echo, b',"success":false,"error":', orjson.dumps(told), b"}"


def encode_summary(total: int, successful: int) -> bytes:
    """The counts of a batch, as JSON."""
    return orjson.dumps({"total": total, "successful": successful, "failed": total - successful})
