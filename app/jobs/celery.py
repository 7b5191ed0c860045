"""The distributed engine: Celery, with RabbitMQ or Redis as the broker.

Rule 1: the database holds the primary. A message is a ticket, "somebody work off about fifty items", and says
        nothing of which; so a lost one loses nothing, and one that comes twice does nothing twice.
Rule 2: a ticket is acknowledged when its items have their results; the broker hands it to another worker if
        this one dies before.
Rule 3: every worker looks for what dead ones held, and for work that no ticket came for.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
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
MOST_TICKETS = 20  # at once; a worker that finds more work sends more
TICKETS_SIDE_BY_SIDE = 4  # in one worker
PLACES_A_TICKET = 24  # pages that one ticket has in work at once
RENDERED_PLACES = 4

STALE = 10.0  # seconds without a claim after which waiting work gets new tickets
PUBLISH_TIMEOUT = 2.0  # seconds: a request does not wait for a broker that is away

# What kombu calls these when it connects for whoever publishes.
PUBLISHING: Mapping[str, float] = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

# With Redis a message whose worker died comes back after the visibility timeout, when somebody looks for it, and
# kombu's own figures are an hour and every hundred seconds. A ticket that comes twice does no harm.
REDIS: Mapping[str, float] = {
    "visibility_timeout": 8,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": PUBLISH_TIMEOUT,
}


def build_celery(broker_url: str) -> Celery:
    """A Celery application that knows one task, a ticket."""
    app = Celery("pagecard", broker=broker_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_queue=QUEUES[False],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=PUBLISH_TIMEOUT,
        broker_heartbeat=10,
        broker_transport_options={**PUBLISHING, **(REDIS if broker_url.startswith("redis") else {})},
    )
    return app


class Tickets:
    """The engine of the web workers, and what sends tickets anywhere."""

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

    def __init__(self, tools: JobDependencies, broker_url: str) -> None:
        self._tools = tools
        self._celery = build_celery(broker_url)
        self._tickets = Tickets(self._celery)
        self._owner = f"{socket.gethostname()[:40]}.{os.getpid()}.{uuid4().hex[:8]}"
        self._ledger = ResultWriter(tools.queue, self._owner)
        self._rendering = threading.Lock()
        self._crews: set[ItemPool] = set()
        self._over = threading.Event()
        self._claimed_at = time.monotonic()

    def run(self, *, renders: bool) -> None:
        """Work until told to stop by a signal. `renders`: this worker has a browser."""
        self._celery.task(self._work, name=TASK)
        signals.worker_shutting_down.connect(self._told_to_stop, weak=False)
        queues = [queue for rendered, queue in QUEUES.items() if renders or not rendered]
        with ExitStack() as stack:
            stack.enter_context(alive(self._tools.queue, self._owner))
            stack.enter_context(self._tools.courier.at_work())
            start_vital_thread("housekeeping", self._keep_house, renders)
            self._celery.Worker(
                pool="threads",
                concurrency=TICKETS_SIDE_BY_SIDE,
                queues=queues,
                hostname=self._owner,
                loglevel="WARNING",
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            ).start()

    def _told_to_stop(self, **_: Any) -> None:
        # Celery calls this from a signal handler, which may not wait for locks.
        threading.Thread(target=self._stop, name="stop", daemon=True).start()

    def _stop(self) -> None:
        self._over.set()
        for crew in tuple(self._crews):
            crew.stop()

    def _work(self, rendered: bool) -> None:
        """A ticket."""
        if not rendered:
            self._work_off(rendered, PLACES_A_TICKET, ITEMS_A_TICKET)
        elif self._rendering.acquire(blocking=False):  # one browser: whoever holds it goes on until nothing waits
            try:
                self._work_off(rendered, RENDERED_PLACES, None)
            finally:
                self._rendering.release()

    def _work_off(self, rendered: bool, size: int, limit: int | None) -> None:
        tools = self._tools
        with ItemPool(
            tools.queue, self._owner, tools.run, self._ledger, size=size, rendered=rendered, used_up=tools.used_up
        ) as crew:
            self._crews.add(crew)
            try:
                if not self._over.is_set() and crew.work(limit):
                    self._claimed_at = time.monotonic()
            finally:
                self._crews.discard(crew)

    def _keep_house(self, renders: bool) -> None:
        keeper = Housekeeper(self._tools)
        while not self._over.wait(SWEEP):
            quietly(lambda: self._sweep(keeper, renders))

    def _sweep(self, keeper: Housekeeper, renders: bool) -> None:
        """New tickets for what dead workers held, and for what waits though no ticket comes."""
        freed = keeper.look()
        if not freed and time.monotonic() - self._claimed_at <= STALE:
            return
        self._claimed_at = time.monotonic()
        for rendered in (False, True) if renders else (False,):
            waiting = self._tools.queue.waiting(rendered=rendered)
            if waiting:
                self._tickets.wake(waiting, rendered=rendered)
