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
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
import structlog

from app.errors import InvalidUrl
from app.fetch import parse_url
from app.jobs.allowance import Allowance
from app.jobs.job import Item, Outcome, failed
from app.jobs.queue import JobQueue
from app.jobs.result_writer import RETRY, ResultWriter, persist
from app.threads.gil_gate import computing
from app.threads.host_executor import HostExecutor
from app.threads.hosts import Hosts

log = structlog.get_logger()

PATIENCE = 0.2  # seconds that a free place waits for others, so that a claim takes several items


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
        allowance: Callable[[str], Allowance] = lambda key_id: Allowance(),
        hosts: Hosts | None = None,
    ) -> None:
        """`allowance`: URLs and bytes left to a key. `hosts`: limits of the running items of each host."""
        self._queue = queue
        self._owner = owner
        self._run = run
        self._ledger = ledger
        self._size = size
        self._rendered = rendered
        self._allowance = allowance
        self._threads = HostExecutor(size, hosts or Hosts(0), "item")
        self._busy: Counter[str] = Counter()  # by key, until the result is stored
        self._running = 0  # items whose result is not there yet
        self._changed = threading.Condition()
        self._stopping = False

    def __enter__(self) -> ItemPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._threads.shutdown()

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
        allowances = {key_id: persist(partial(self._allowance, key_id)) for key_id in {item.key_id for item in items}}
        with self._changed:
            in_work = self._busy.copy()
            self._busy.update(item.key_id for item in items)
            self._running += len(items)
        for item in items:
            refused = allowances[item.key_id].refuse(in_work[item.key_id])
            if refused:
                self._enter(failed(item, refused))
            else:
                in_work[item.key_id] += 1
                self._threads.submit(_host(item), partial(self._work_on, item))

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


def _host(item: Item) -> str:
    try:
        return parse_url(item.url).netloc
    except InvalidUrl:
        return ""
