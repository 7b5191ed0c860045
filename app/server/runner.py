"""The process that works jobs off beside `pagecard serve`: forked by a nursery, or, where there is none,
`python -m app.server.runner PLACE LOCK PARENT`.

`LOCK` is the file descriptor of the place's lock, held already; `PARENT` the process that this one ends with,
which hands its settings over on standard input.

It has a scribe, a process of its own that speaks to the database for it. Who holds SQLite's lock must never wait:
neither for the interpreter, which dozens of threads want here, nor for the processor, which this process leaves to
requests. They write to the same database, and would wait with it.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from uuid import uuid4

from app.jobs.embedded import NICENESS, run_in_place
from app.jobs.fork_server import ForkServer
from app.jobs.process import die_with
from app.jobs.queue import JobQueue
from app.logs import configure_logs
from app.services import Services
from app.settings import Settings
from app.storage.database import Database
from app.storage.usage import Usage


class DatabaseProxy(BaseManager):
    """Takes what threads of its parent want written, at the priority of requests."""

    queue: Callable[[Settings], JobQueue]


def _open_queue(settings: Settings) -> JobQueue:
    primary = Database(settings.database)
    return JobQueue(primary, Usage(primary).charge)


DatabaseProxy.register("queue", callable=_open_queue, exposed=[name for name in vars(JobQueue) if name[0] != "_"])


def start_database_proxy() -> DatabaseProxy:
    """To be called while there is one thread. The address is one that leaves no file behind (unix(7), abstract)."""
    scribe = DatabaseProxy(f"\0pagecard-{uuid4().hex}", ctx=get_context("fork"))
    scribe.start(initializer=die_with, initargs=(os.getpid(),))
    return scribe


def run(settings: Settings, place: int, lock: int, parent: int) -> None:
    """Be the runner of a place. Does not return."""
    die_with(parent)
    os.set_inheritable(lock, False)
    configure_logs(settings.log_level)
    scribe = start_database_proxy()
    os.nice(NICENESS)
    services = Services.open(settings)
    with os.fdopen(lock, "r+") as held:
        run_in_place(replace(services.job_dependencies(), queue=scribe.queue(settings)), place, held)
    services.close()
    scribe.shutdown()
    os._exit(0)  # what is still being fetched is given up


def open_fork_server(settings: Settings) -> ForkServer:
    """To be called while there is one thread."""
    return ForkServer(partial(run, settings))


def main(place: int, lock: int, parent: int) -> None:
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent wrote it)
    run(settings, place, lock, parent)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
