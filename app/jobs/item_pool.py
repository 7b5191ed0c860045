"""Working jobs off: the same for every engine.

Rule 1: what happens to an item is a value, stored in groups, each group one transaction.
Rule 2: a place in the crew is free again once the result is stored: no more results lie in memory than there
        are places.
Rule 3: a failing database is waited for; what was read meanwhile is kept and stored when it answers.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from app import metrics
from app.deadline import Deadline
from app.errors import InternalError, PagecardError, ProxyUnavailable, QuotaExceeded, TargetHttpError
from app.extractor import Failure, Options, Success
from app.extractor import Outcome as Extracted
from app.fetch import TargetUrl, parse_url
from app.jobs.job import Item, Outcome, Status
from app.jobs.queue import JobQueue
from app.page import Wait
from app.settings import Proxy
from app.threads.gil_gate import computing

log = structlog.get_logger()

BEAT = 2  # seconds between two signs of life of an owner
GROUP_BYTES = 2**21  # results stored in one transaction: others want to write, too
GROUP_ITEMS = 64
GROUP_WAIT = 0.2  # seconds that a result waits for company
PATIENCE = 0.2  # seconds that a free place waits for others, so that a claim takes several items
RENDERING = 3  # times as long as a plain page, for a browser starts, runs scripts and settles
RETRY = 0.5  # seconds before a failing database is asked again


class Extract(Protocol):
    def __call__(self, target: TargetUrl, options: Options, deadline: Deadline, tenant: str = "") -> Extracted: ...


def choose_proxy(proxies: Sequence[Proxy], wanted: Mapping[str, Any] | None) -> str | None:
    """The URL of the proxy that fits what a job asks for; None if it asks for none.

    Raises ProxyUnavailable, saying which there are.
    """
    if not wanted or not (wanted.get("country") or wanted.get("type")):
        return None
    for proxy in proxies:
        if all(wanted.get(name) in (None, getattr(proxy, name)) for name in ("country", "type")):
            return proxy.url
    known = ", ".join(f"{proxy.country} {proxy.type}" for proxy in proxies) or "none"
    raise ProxyUnavailable(f"This server has no such proxy; it has {known}")


def read_wait(config: Mapping[str, Any] | None) -> Wait:
    """A job's `wait_config` as the renderer takes it."""
    if config is None:
        return Wait()
    return Wait(
        until=config.get("wait_until") or "load",
        selector=config.get("wait_for"),
        delay=(config.get("wait_timeout") or 0) / 1000,
    )


class ItemRunner:
    """One item, from its URL to its outcome. Never raises."""

    def __init__(self, extract: Extract, proxies: Sequence[Proxy], timeout: float) -> None:
        """`timeout`: seconds for one plain URL."""
        self._extract = extract
        self._proxies = proxies
        self._timeout = timeout

    def __call__(self, item: Item) -> Outcome:
        begun = time.perf_counter()
        try:
            options = self._options(item)
            deadline = Deadline.after(self._allowed(options.render))
            extracted = self._extract(parse_url(item.url), options, deadline, item.key_id)
        except PagecardError as error:
            return failed(item, error)
        except Exception:
            log.exception("item failed", job_id=item.job_id, input_index=item.input_index)
            return failed(item, InternalError())
        return _outcome(item, extracted, round((time.perf_counter() - begun) * 1000))

    def _allowed(self, wait: Wait | None) -> float:
        """Seconds for one item; what a rendered page is told to wait comes on top."""
        return self._timeout if wait is None else RENDERING * self._timeout + wait.delay

    def _options(self, item: Item) -> Options:
        config = item.config
        return Options(
            formats=frozenset(config["formats"]),
            metadata=config["include_metadata"],
            headers=tuple(item.headers.items()),
            proxy=choose_proxy(self._proxies, config["proxy"]),
            render=read_wait(config["wait_config"]) if config["render_js"] else None,
        )


def failed(item: Item, error: PagecardError, duration_ms: int | None = None) -> Outcome:
    return Outcome(
        item,
        Status.FAILED,
        http_status=error.details["http_status"] if isinstance(error, TargetHttpError) and error.details else None,
        error_code=error.code,
        error_message=error.message,
        duration_ms=duration_ms,
    )


def _outcome(item: Item, extracted: Extracted, duration_ms: int) -> Outcome:
    match extracted:
        case Failure(error):
            return failed(item, error, duration_ms)
        case Success(data, http_status, cache_hit):
            return Outcome(item, Status.COMPLETED, data, http_status, duration_ms=duration_ms, charged=not cache_hit)


Entry = tuple[Outcome, Callable[[], None]]


class ResultWriter:
    """Stores outcomes in groups, from a thread of its own."""

    def __init__(self, queue: JobQueue, owner: str) -> None:
        self._queue = queue
        self._owner = owner
        self._outcomes: SimpleQueue[Entry | None] = SimpleQueue()
        threading.Thread(target=self._write, name="ledger", daemon=True).start()

    def enter(self, outcome: Outcome, stored: Callable[[], None]) -> None:
        """Store it soon, and call `stored` then."""
        self._outcomes.put((outcome, stored))

    def hurry(self) -> None:
        """Nobody else is coming: store what there is."""
        self._outcomes.put(None)

    def _write(self) -> None:
        while True:
            group = self._gather()
            self._store([outcome for outcome, _ in group])
            for _, stored in group:
                stored()

    def _gather(self) -> list[Entry]:
        group: list[Entry] = []
        size, until = 0, float("inf")
        while len(group) < GROUP_ITEMS and size < GROUP_BYTES:
            try:
                entry = self._outcomes.get(timeout=None if not group else max(0.0, until - time.monotonic()))
            except Empty:
                break
            if entry is not None:
                group.append(entry)
                size += len(entry[0].data or b"")
                until = min(until, time.monotonic() + GROUP_WAIT)
            elif group:
                break
        return group

    def _store(self, outcomes: list[Outcome]) -> None:
        persist(lambda: self._queue.finish(self._owner, outcomes))
        for outcome in outcomes:
            metrics.JOB_ITEMS.labels(outcome.status).inc()


def persist(action: Callable[[], object]) -> None:
    """Do it until the database lets us."""
    while True:
        try:
            action()
        except sa.exc.SQLAlchemyError:
            log.exception("jobs: the database does not answer")
            time.sleep(RETRY)
        else:
            return


class ItemPool:
    """A bounded number of items in work at once, all of one kind: plain or rendered."""

    def __init__(
        self,
        queue: JobQueue,
        owner: str,
        run: Callable[[Item], Outcome],
        ledger: ResultWriter,
        *,
        size: int,
        rendered: bool = False,
        used_up: Callable[[str], bool] = lambda key_id: False,
    ) -> None:
        """`used_up` tells whether a key has nothing left of its month."""
        self._queue = queue
        self._owner = owner
        self._run = run
        self._ledger = ledger
        self._size = size
        self._rendered = rendered
        self._used_up = used_up
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="item")
        self._busy: Counter[str] = Counter()  # by key, until the result is stored
        self._running = 0  # items whose result is not there yet
        self._changed = threading.Condition()
        self._stopping = False

    def __enter__(self) -> ItemPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._threads.shutdown(wait=False)

    def stop(self) -> None:
        """Take nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def work(self, limit: int | None = None) -> int:
        """Work until nothing waits, or `limit` items were taken; how many were. All of them have ended then."""
        taken = 0
        while not self._stopping and (limit is None or taken < limit):
            room = self._room()
            idle = room == self._size
            items = self._claim(room if limit is None else min(room, limit - taken))
            if idle and not items:
                break
            taken += len(items)
            self._begin(items)
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)
        return taken

    def _room(self) -> int:
        """Free places, once a quarter of all has become free since the last claim, or some time has passed."""
        with self._changed:
            few = max(0, self._busy.total() - self._size // 4)
            self._changed.wait_for(lambda: self._stopping or self._busy.total() <= few, PATIENCE)
            return self._size - self._busy.total()

    def _claim(self, room: int) -> list[Item]:
        if self._stopping or not room:
            return []
        try:
            return self._queue.claim(self._owner, room, rendered=self._rendered, busy=self._busy.copy())
        except sa.exc.SQLAlchemyError:
            log.exception("jobs: the database does not answer")
            time.sleep(RETRY)
            return []

    def _begin(self, items: list[Item]) -> None:
        exhausted = {key_id for key_id in {item.key_id for item in items} if self._used_up(key_id)}
        with self._changed:
            self._busy.update(item.key_id for item in items)
            self._running += len(items)
        for item in items:
            if item.key_id in exhausted:
                self._enter(failed(item, QuotaExceeded()))
            else:
                self._threads.submit(self._work_on, item)

    def _work_on(self, item: Item) -> None:
        with computing:
            outcome = self._run(item)
        self._enter(outcome)

    def _enter(self, outcome: Outcome) -> None:
        self._ledger.enter(outcome, lambda: self._free(outcome.item.key_id))
        with self._changed:
            self._running -= 1
            last = not self._running
        if last:
            self._ledger.hurry()

    def _free(self, key_id: str) -> None:
        with self._changed:
            self._busy[key_id] -= 1
            if not self._busy[key_id]:
                del self._busy[key_id]
            self._changed.notify_all()


@contextmanager
def alive(queue: JobQueue, owner: str) -> Iterator[None]:
    """Be seen as an owner for as long as this lasts; what is held at its end is queued again."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            persist(lambda: queue.beat(owner))

    queue.beat(owner)
    threading.Thread(target=beat, name="beat", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        queue.leave(owner)
