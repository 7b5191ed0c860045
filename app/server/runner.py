"""The process that works jobs off beside `pagecard serve`: forked by a nursery, or, where there is none,
`python -m app.server.runner PLACE LOCK PARENT`.

`LOCK` is the file descriptor of the place's lock, held already; `PARENT` the process that this one ends with,
which hands its settings over on standard input.

It writes through a database proxy, a process of its own (see app/jobs/database_proxy.py).
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import replace
from functools import partial

from app import metrics
from app.jobs.database_proxy import start_database_proxy
from app.jobs.embedded import NICENESS, run_in_place
from app.jobs.fork_server import ForkServer
from app.jobs.process import die_with, vital
from app.jobs.queue import JobQueue
from app.logs import configure_logs
from app.services import Services
from app.settings import Settings
from app.storage.database import Database
from app.storage.usage import Usage


def _open_queue(settings: Settings) -> JobQueue:
    primary = Database(settings.database)
    return JobQueue(primary, Usage(primary).charge)


def run(settings: Settings, place: int, lock: int, parent: int) -> None:
    """Be the runner of a place. Does not return."""
    die_with(parent)
    os.set_inheritable(lock, False)
    configure_logs(settings.log_level)
    metrics.absorb_ended()
    with vital("job runner"):
        _work(settings, place, lock)
    os._exit(0)  # what is still being fetched is given up


def _work(settings: Settings, place: int, lock: int) -> None:
    proxy = start_database_proxy()
    os.nice(NICENESS)
    services = Services.open(settings)
    dependencies = replace(services.job_dependencies(), queue=proxy.queue(partial(_open_queue, settings)))
    with os.fdopen(lock, "r+") as held:
        run_in_place(dependencies, place, held)
    services.close()
    proxy.shutdown()


def open_fork_server(settings: Settings) -> ForkServer:
    """Start the fork server. Call while this process has one thread."""
    return ForkServer(partial(run, settings))


def main(place: int, lock: int, parent: int) -> None:
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent wrote it)
    run(settings, place, lock, parent)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
