"""Hands for tests that need a real process; their pages are made up, and each takes a moment.

python -m tests.jobs.hands runner DATABASE PLACE LOCK PARENT
python -m tests.jobs.hands frail MARK DATABASE PLACE LOCK PARENT
python -m tests.jobs.hands worker DATABASE BROKER
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import replace

from app.jobs.allowance import Allowance
from app.jobs.dependencies import JobDependencies
from app.jobs.embedded import run_in_place
from app.jobs.job import Item, Outcome
from app.jobs.process import die_with
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.webhook import WebhookQueue, WebhookSender
from app.storage.database import Database
from app.threads.hosts import Hosts
from tests.jobs.conftest import done


def slowly(item: Item) -> Outcome:
    time.sleep(random.uniform(0.01, 0.05))
    return done(item)


def no_post(*_: object, **__: object) -> None:
    raise AssertionError("no webhook was ordered")


def tools(url: str) -> JobDependencies:
    database = Database(url)
    hooks = WebhookQueue(database)
    return JobDependencies(
        store=JobStore(database, ttl=3_600),
        queue=JobQueue(database, lambda connection, key_id, urls: None),
        hooks=hooks,
        courier=WebhookSender(hooks, no_post),
        run=slowly,
        allowance=lambda key_id: Allowance(),
        hosts=Hosts(100),
        size=8,
    )


def be_a_runner(url: str, place: str, lock: str, parent: str) -> None:
    die_with(int(parent))
    with os.fdopen(int(lock), "r+") as held:
        run_in_place(tools(url), int(place), held)
        os._exit(0)


class Frail(JobQueue):
    """A queue whose database proxy dies the first time that results are stored."""

    def __init__(self, url: str, mark: str) -> None:
        super().__init__(Database(url), lambda connection, key_id, urls: None)
        self._mark = mark

    def finish(self, owner: str, outcomes: Iterable[Outcome]) -> int:
        try:
            os.close(os.open(self._mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return super().finish(owner, outcomes)
        raise EOFError


def be_a_frail_runner(mark: str, url: str, place: str, lock: str, parent: str) -> None:
    die_with(int(parent))
    with os.fdopen(int(lock), "r+") as held:
        run_in_place(replace(tools(url), queue=Frail(url, mark)), int(place), held)
        os._exit(0)


def be_a_worker(url: str, broker_url: str) -> None:
    from app.jobs.celery import Worker

    Worker(tools(url), broker_url).run(renders=False)


if __name__ == "__main__":
    {"runner": be_a_runner, "frail": be_a_frail_runner, "worker": be_a_worker}[sys.argv[1]](*sys.argv[2:])
