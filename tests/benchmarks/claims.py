"""Measure claims of job items against a backlog, and a long job from claim to result, on SQLite and PostgreSQL.

python -m tests.benchmarks.claims [--jobs 1000 10000 50000] [--keys 200] [--database sqlite postgres]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from app.jobs.job import Status
from app.jobs.queue import JobQueue
from app.jobs.store import JobStore
from app.storage.database import Database
from app.storage.schema import job_items, jobs
from tests.jobs.conftest import CONFIG, done, new_job
from tests.servers import running_postgres

ROUNDS = 15
URLS = 20  # of each waiting job
ROOM = 16
CHUNK = 1_000  # jobs inserted in one transaction


@contextmanager
def opened(kind: str) -> Iterator[Database]:
    """A migrated, empty database in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        if kind == "sqlite":
            yield migrated(f"sqlite:///{name}/primary.sqlite3")
        else:
            with running_postgres(Path(name)) as url:
                yield migrated(url)


def migrated(url: str) -> Database:
    database = Database(url)
    database.migrate()
    return database


def fill(database: Database, first: int, last: int, keys: int) -> None:
    """Insert the waiting jobs numbered `first` to `last`."""
    for start in range(first, last, CHUNK):
        numbers = range(start, min(start + CHUNK, last))
        with database.write() as connection:
            connection.execute(jobs.insert(), [job_row(number, keys) for number in numbers])
            connection.execute(job_items.insert(), [item_row(number, at) for number in numbers for at in range(URLS)])
    with database.read() as connection:
        connection.exec_driver_sql("ANALYZE")


def job_row(number: int, keys: int) -> dict[str, Any]:
    zeros = dict.fromkeys(("completed", "failed", "cancelled"), 0)
    return zeros | {
        "id": f"job-{number:06}",
        "key_id": f"key-{number % keys:04}",
        "status": Status.QUEUED,
        "created_at": float(number),
        "config": CONFIG,
        "invalid_urls": [],
        "rendered": False,
        "total": URLS,
        "waiting": URLS,
    }


def item_row(number: int, at: int) -> dict[str, Any]:
    return {"job_id": f"job-{number:06}", "input_index": at, "url": "https://example.com/", "status": Status.QUEUED}


def milliseconds(action: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return round(median(times) * 1_000, 1)


def measure_backlog(database: Database, sizes: list[int], keys: int) -> None:
    queue = JobQueue(database, lambda connection, key_id, urls: None)
    queue.beat("owner")
    before = 0
    for size in sizes:
        fill(database, before, size, keys)
        before = size
        claim = milliseconds(lambda: queue.claim("owner", ROOM))
        print(
            f"{size:>7,} jobs wait: claim({ROOM}) {claim} ms, waiting() {milliseconds(queue.waiting)} ms,"
            f" requeue() {milliseconds(queue.requeue)} ms",
            flush=True,
        )


def measure_long_job(database: Database) -> None:
    """Claim and finish a job of 1,000 URLs, as one worker does."""
    queue = JobQueue(database, lambda connection, key_id, urls: None)
    JobStore(database, ttl=3_600).create(new_job(1_000))
    queue.beat("owner")
    claiming = finishing = 0.0
    claims = 0
    while True:
        begun = time.perf_counter()
        items = queue.claim("owner", ROOM)
        claiming += time.perf_counter() - begun
        if not items:
            break
        claims += 1
        begun = time.perf_counter()
        queue.finish("owner", [done(item) for item in items])
        finishing += time.perf_counter() - begun
    print(
        f"  1,000 URLs of one job: {claims} claims, {claiming / claims * 1_000:.1f} ms each;"
        f" claims and results {claiming + finishing:.1f} s, {1_000 / (claiming + finishing):.0f} URLs/s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    asked = parser.parse_args()
    for kind in asked.database:
        print(kind)
        with opened(kind) as database:
            measure_long_job(database)
            measure_backlog(database, sorted(asked.jobs), asked.keys)
            database.engine.dispose()


if __name__ == "__main__":
    main()
