"""The distributed engine: Celery, with RabbitMQ or Redis as the broker.

Rule 1: the database says what is to be done. A message is a ticket, "claim about fifty items", and names none of
        them: a lost ticket loses nothing, and a repeated one repeats nothing.
Rule 2: a ticket only wakes a worker. An idle worker looks for waiting items every few seconds, so a broker that is
        away, or that no longer hands out tickets, costs seconds.
Rule 3: every worker queues again what lapsed leases hold.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from celery import Celery, signals
from kombu.exceptions import KombuError

from app.jobs.dependencies import JobDependencies
from app.jobs.embedded import Ask
from app.jobs.heartbeat import alive
from app.jobs.item_pool import ItemPool
from app.jobs.maintenance import SWEEP, Housekeeper, quietly
from app.jobs.process import start_vital_thread
from app.jobs.result_writer import ResultWriter

log = structlog.get_logger()

QUEUES = {False: "pagecard", True: "pagecard.rendered"}
TASK = "pagecard.work"

ITEMS_A_TICKET = 50
MOST_TICKETS = 20  # of one job
TICKETS_SIDE_BY_SIDE = 4  # in one worker
PLACES_A_TICKET = 24  # pages that one ticket has in work at once
RENDERED_PLACES = 4

STALE = 4.0  # seconds without work after which a worker claims without a ticket
PUBLISH_TIMEOUT = 2.0  # seconds: a request does not wait for a broker that is away

# What kombu calls these when it connects for whoever publishes.
PUBLISHING: Mapping[str, float] = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

# With Redis a message whose worker died comes back after the visibility timeout, when somebody looks for it, and
# kombu's own figures are an hour and every hundred seconds. A ticket that comes twice does no harm.
REDIS: Mapping[str, float] = {
    "visibility_timeout": 8,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": PUBLISH_TIMEOUT,
    "socket_connect_timeout": PUBLISH_TIMEOUT,
}


def build_celery(broker_url: str) -> Celery:
    """Build the Celery application; its only task is a ticket."""
    app = Celery("pagecard", broker=broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_default_queue=QUEUES[False],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # for ever
        broker_connection_timeout=PUBLISH_TIMEOUT,
        broker_heartbeat=10,
        broker_transport_options={**PUBLISHING, **(REDIS if broker_url.startswith("redis") else {})},
    )
    return app


class Tickets:
    """Sender of tickets, and the engine of the web workers."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def start(self, ask: Ask | None = None) -> None:
        """The workers look after everything."""

    def close(self) -> None:
        self._celery.close()

    def wake(self, items: int, *, rendered: bool) -> None:
        """Send tickets for so many items. A broker that is away is logged: workers find the work by themselves."""
        count = min(MOST_TICKETS, math.ceil(items / ITEMS_A_TICKET))
        try:
            with self._celery.producer_or_acquire() as producer:
                for _ in range(1 if rendered else count):
                    self._celery.send_task(
                        TASK, (rendered,), queue=QUEUES[rendered], producer=producer, retry=False, ignore_result=True
                    )
        except (KombuError, OSError) as error:
            log.warning("jobs: the broker does not answer", error=type(error).__name__)


class Worker:
    """One process of `pagecard worker`."""

    def __init__(self, dependencies: JobDependencies, broker_url: str) -> None:
        self._dependencies = dependencies
        self._celery = build_celery(broker_url)
        self._owner = f"{socket.gethostname()[:40]}.{os.getpid()}.{uuid4().hex[:8]}"
        self._writer = ResultWriter(dependencies.queue, self._owner)
        self._alone = {False: threading.Lock(), True: threading.Lock()}  # held by a pool that works until nothing waits
        self._pools: set[ItemPool] = set()
        self._stopping = threading.Event()
        self._idle_since = time.monotonic()

    def run(self, *, renders: bool) -> None:
        """Work until a signal ends it. `renders`: this worker has a browser."""
        self._celery.task(self._work, name=TASK)
        signals.worker_shutting_down.connect(self._on_shutdown, weak=False)
        kinds = [rendered for rendered in QUEUES if renders or not rendered]
        with alive(self._dependencies.queue, self._owner), self._dependencies.courier.at_work():
            start_vital_thread("housekeeping", self._keep_house, kinds)
            self._celery.Worker(
                pool="threads",
                concurrency=TICKETS_SIDE_BY_SIDE,
                queues=[QUEUES[rendered] for rendered in kinds],
                hostname=self._owner,
                loglevel="WARNING",
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            ).start()

    def _on_shutdown(self, **_: Any) -> None:
        # Celery calls this from a signal handler, which may not wait for locks.
        threading.Thread(target=self._stop, name="stop", daemon=True).start()

    def _stop(self) -> None:
        self._stopping.set()
        for pool in tuple(self._pools):
            pool.stop()

    def _work(self, rendered: bool) -> None:
        """Work off a ticket."""
        if rendered:
            self._work_alone(rendered)
        else:
            self._claim_and_run(rendered, ITEMS_A_TICKET)

    def _work_alone(self, rendered: bool) -> None:
        """Work until no item of a kind waits; return at once if another thread does so. A worker has one browser."""
        if self._alone[rendered].acquire(blocking=False):
            try:
                self._claim_and_run(rendered, None)
            finally:
                self._alone[rendered].release()

    def _claim_and_run(self, rendered: bool, limit: int | None) -> None:
        known, size = self._dependencies, RENDERED_PLACES if rendered else PLACES_A_TICKET
        with ItemPool(
            known.queue,
            self._owner,
            known.run,
            self._writer,
            size=size,
            rendered=rendered,
            allowance=known.allowance,
            hosts=known.hosts,
        ) as pool:
            self._pools.add(pool)
            try:
                if not self._stopping.is_set():
                    pool.work(limit)
            finally:
                self._pools.discard(pool)
                self._idle_since = time.monotonic()

    def _keep_house(self, kinds: Sequence[bool]) -> None:
        keeper = Housekeeper(self._dependencies)
        while not self._stopping.wait(SWEEP):
            quietly(lambda: self._sweep(keeper, kinds))

    def _sweep(self, keeper: Housekeeper, kinds: Sequence[bool]) -> None:
        """Work without a ticket: on items whose lease lapsed, and on waiting items while this worker is idle."""
        if keeper.look() or self._is_idle():
            for rendered in kinds:
                if self._dependencies.queue.waiting(rendered=rendered):
                    start_vital_thread("item-pool", self._work_alone, rendered)

    def _is_idle(self) -> bool:
        return not self._pools and time.monotonic() - self._idle_since > STALE
