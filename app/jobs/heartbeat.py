"""The heartbeat of a lease holder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.jobs.process import start_vital_thread
from app.jobs.queue import JobQueue
from app.jobs.result_writer import persist

BEAT = 2  # seconds between two signs of life of an owner


@contextmanager
def alive(queue: JobQueue, owner: str) -> Iterator[None]:
    """Be seen as an owner for as long as this lasts; what is held at its end is queued again."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            persist(lambda: queue.beat(owner))

    queue.beat(owner)
    start_vital_thread("heartbeat", beat)
    try:
        yield
    finally:
        over.set()
        queue.leave(owner)
