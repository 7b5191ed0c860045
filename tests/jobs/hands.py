"""A runner for tests that need a real process: `python -m tests.jobs.hands DATABASE PLACE LOCK PARENT`.

Its pages are made up, and each takes a moment.
"""

from __future__ import annotations

import os
import random
import sys
import time

from app.database import Database
from app.jobs.job import Item, Outcome
from app.jobs.local import die_with, run_in_place
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.jobs.tools import Tools
from app.jobs.webhook import Courier, WebhookQueue
from tests.jobs.conftest import done


def slowly(item: Item) -> Outcome:
    time.sleep(random.uniform(0.01, 0.05))
    return done(item)


def no_post(*_: object, **__: object) -> None:
    raise AssertionError("no webhook was ordered")


def main(url: str, place: int, lock: int, parent: int) -> None:
    die_with(parent)
    database = Database(url)
    hooks = WebhookQueue(database)
    tools = Tools(
        store=JobStore(database, ttl=3_600),
        queue=JobQueue(database, lambda connection, key_id, urls: None),
        hooks=hooks,
        courier=Courier(hooks, no_post),
        run=slowly,
        used_up=lambda key_id: False,
        size=8,
    )
    with os.fdopen(lock, "r+") as held:
        run_in_place(tools, place, held)
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
