"""Many URLs, now: each asked once, all side by side, and no answer later than the deadline.

What became of them is encoded here, too, the same for every door: joined from the bytes that the results hold.
"""

from __future__ import annotations

import contextvars
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import orjson

from app.charset import printable
from app.deadline import Deadline
from app.errors import InvalidUrl, TargetTimeout
from app.extractor import Extractor, Failure, Options, Outcome, Success
from app.fetch import TargetUrl, parse_url
from app.pool import FairPool

Done = tuple[TargetUrl, Outcome]
Judged = TargetUrl | InvalidUrl


def judge_url(url: str) -> Judged:
    """A URL as a target, or what is wrong with it."""
    try:
        return parse_url(url)
    except InvalidUrl as error:
        return error


def tell_invalid(urls: Sequence[str], judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """What is wrong with these URLs: the place of each that is, the URL, and the reason."""
    return [
        {"index": index, "url": printable(url), "reason": each.message}
        for index, (url, each) in enumerate(zip(urls, judged, strict=True))
        if isinstance(each, InvalidUrl)
    ]


def extract_batch(
    targets: Sequence[TargetUrl],
    extractor: Extractor,
    pool: FairPool,
    options: Options,
    deadline: Deadline,
    tenant: str,
    abandoned: Callable[[], bool] = lambda: False,
    *,
    streaming: bool = True,
) -> Iterator[Done]:
    """What became of each different URL, as it is known; what is not known by the deadline is TargetTimeout.

    Raises Overloaded, before the first result, if the pool has no room. Whoever stops iterating stops the work,
    and so does an asker who has `abandoned` it, which is looked at every `Deadline.SLICE` seconds. An asker who
    is not `streaming` is woken once, when all is known, and not for each result.
    """
    unique = list(dict.fromkeys(targets))
    found = extractor.look_up(unique, options, tenant)
    if len(found) == len(unique):
        return iter(found.items())
    missing = [target for target in unique if target not in found]
    results = _Results(1 if streaming else len(missing))

    def call(target: TargetUrl) -> Callable[[], None]:
        context = contextvars.copy_context()  # the request id goes into the log lines of its fetches
        return lambda: results.put((target, context.run(extractor.extract, target, options, deadline, tenant)))

    pool.submit(tenant, [call(target) for target in missing])
    return _as_they_come(found, set(missing), results, deadline, abandoned)


class _Results:
    """What became of URLs, on its way from the threads that fetch to the one that answers, `group` at a time."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._numbers = itertools.count(1)
        self._came: deque[Done] = deque()
        self._woken: SimpleQueue[None] = SimpleQueue()

    def put(self, done: Done) -> None:
        self._came.append(done)
        if next(self._numbers) % self._group == 0:
            self._woken.put(None)

    def wait(self, seconds: float) -> bool:
        """Sleep until a group is complete, and for so many seconds at most; whether one is."""
        try:
            self._woken.get(timeout=seconds)
        except Empty:
            return False
        return True

    def take(self) -> list[Done]:
        """All that there is."""
        return [self._came.popleft() for _ in range(len(self._came))]


def _as_they_come(
    found: dict[TargetUrl, Outcome],
    pending: set[TargetUrl],
    results: _Results,
    deadline: Deadline,
    abandoned: Callable[[], bool],
) -> Iterator[Done]:
    try:
        yield from found.items()
        over = False
        while pending and not over:
            over = not results.wait(deadline.slice()) and (deadline.passed or abandoned())
            for target, outcome in results.take():
                pending.remove(target)
                yield target, outcome
        for target in pending:
            yield target, Failure(TargetTimeout())
    finally:
        deadline.cancel()


def encode_batch(urls: Sequence[str], judged: Sequence[Judged], done: Iterator[Done]) -> bytes:
    """`{"results", "summary"}`: one result for each URL asked, in the order asked, as JSON."""
    known = dict(done)
    outcomes = [Failure(each) if isinstance(each, InvalidUrl) else known[each] for each in judged]
    successful = sum([isinstance(outcome, Success) for outcome in outcomes])
    pieces: list[bytes] = []  # joined once: an answer may have megabytes
    for url, outcome in zip(urls, outcomes, strict=True):
        pieces += _COMMA
        pieces += _pieces(url, outcome)
    return b"".join((b'{"results":[', *pieces[1:], b'],"summary":', encode_summary(len(urls), successful), b"}"))


def encode_result(url: str, outcome: Outcome) -> bytes:
    """What became of one URL, as JSON; `url` is echoed as it was sent."""
    return b"".join(_pieces(url, outcome))


_COMMA = (b",",)
_CACHE_HIT = {True: b',"cache_hit":true}', False: b',"cache_hit":false}'}


def _pieces(url: str, outcome: Outcome) -> tuple[bytes, ...]:
    try:
        echo = orjson.dumps(url)
    except orjson.JSONEncodeError:  # lone surrogates
        echo = orjson.dumps(printable(url))
    if isinstance(outcome, Success):
        return b'{"url":', echo, b',"success":true,"data":', outcome.data, _CACHE_HIT[outcome.cache_hit]
    error = outcome.error
    told: dict[str, Any] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if error.details:
        told["details"] = error.details
    return b'{"url":', echo, b',"success":false,"error":', orjson.dumps(told), b"}"


def encode_summary(total: int, successful: int) -> bytes:
    """The counts of a batch, as JSON."""
    return orjson.dumps({"total": total, "successful": successful, "failed": total - successful})
