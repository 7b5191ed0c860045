"""Jobs beside synchronous requests, in the same minutes on the same machine.

    python tests/benchmarks/jobs.py --pages DIR --rounds 3
    python tests/benchmarks/jobs.py --pages DIR --rounds 3 --postgres      # a server that this script starts

Prints how long `POST /v1/batch` takes with 1,000 URLs, and how long the first result; URLs per second of jobs and of
batches, with origins that answer at once; what running jobs of 1,000 URLs do to the requests beside them; and to a job
of ten by another key. Every URL is asked once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from load import batches, drive
from origin import Origin, latency, running_origin
from pages import SAMPLE
from servers import Server, service

from tests.servers import running_postgres

SIZE = 1_000
CLIENTS = 4
POSTS = 20
ASKED_BESIDE = 60  # requests beside a job, and as many without one
CARDS = {"formats": [], "include_metadata": True}
MARKDOWN = {"formats": ["markdown"]}
SHORT = latency("lognormal:200")
SLOW = latency("fixed:5000")


class Jobs:
    """A client of `/v1/batch`."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        self._server = server
        self._key = key or server.key

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        headers = {"X-Api-Key": self._key, "Content-Type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        value = json.loads(answer.read())
        connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path} answered {answer.status}: {value}")
        return value

    def submit(self, urls: list[str], **fields: Any) -> str:
        return str(self._ask("POST", "/v1/batch", {"urls": urls, **fields})["job_id"])

    def status(self, job_id: str) -> Any:
        return self._ask("GET", f"/v1/batch/{job_id}?page_size=1")

    def finish(self, job_id: str) -> None:
        """Wait for a job; a URL that failed ends the benchmark."""
        while (job := self.status(job_id))["status"] in ("queued", "processing"):
            time.sleep(0.05)
        if job["failed_urls"]:
            raise SystemExit(f"a job failed on {job['failed_urls']} URLs: {job['results']}")

    def cancel(self, job_id: str) -> None:
        """Cancel a job, and wait for what is in flight."""
        self._ask("DELETE", f"/v1/batch/{job_id}")
        while self.status(job_id)["pending_urls"]:
            time.sleep(0.05)


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def first_result(server: Server, origin: Origin) -> float:
    """Milliseconds from a first POST to its first result."""
    jobs = Jobs(server)
    begun = time.perf_counter()
    job_id = jobs.submit(origin.urls(5))
    while not jobs.status(job_id)["completed_urls"]:
        time.sleep(0.005)
    return (time.perf_counter() - begun) * 1_000


def posts(server: Server, origin: Origin) -> list[float]:
    """Milliseconds of each of 20 POSTs of 1,000 URLs."""
    jobs, times = Jobs(server), []
    for _ in range(POSTS):
        urls = origin.urls(SIZE)
        begun = time.perf_counter()
        job_id = jobs.submit(urls)
        times.append((time.perf_counter() - begun) * 1_000)
        jobs.cancel(job_id)
    return times


def job_rate(server: Server, origin: Origin, **fields: Any) -> float:
    """URLs per second of one job, from its POST to its end, by a runner that is there already."""
    jobs = Jobs(server)
    jobs.finish(jobs.submit(origin.urls(60), **fields))
    return SIZE / timed(lambda: jobs.finish(jobs.submit(origin.urls(SIZE), **fields)))


def p95(server: Server, origin: Origin) -> float:
    """Milliseconds that a batch of 5 takes beyond its slowest origin, 19 of 20 times; 4 clients."""
    work = batches(origin.urls(5 * ASKED_BESIDE, waits=SHORT), 5)
    return statistics.quantiles(drive(server, work, CLIENTS).over, n=20)[18] * 1_000


def p95_beside(server: Server, origin: Origin) -> float:
    """The same while a job is at work all the time."""
    jobs = Jobs(server)
    job_id = jobs.submit(origin.urls(SIZE), **MARKDOWN)
    while jobs.status(job_id)["status"] == "queued":
        time.sleep(0.05)
    others = [jobs.submit(origin.urls(SIZE), **MARKDOWN) for _ in range(3)]
    with ThreadPoolExecutor(1) as pool:
        value = pool.submit(p95, server, origin).result()
    if jobs.status(others[-1])["status"] not in ("queued", "processing"):
        raise SystemExit("the jobs ended before the requests beside them")
    for each in (job_id, *others):
        if jobs.status(each)["status"] in ("queued", "processing"):
            jobs.cancel(each)
    return value


def small_job(server: Server, origin: Origin) -> float:
    """Seconds of a job of ten, whose pages take 200 ms, by another key."""
    jobs = Jobs(server, server.another_key)
    return timed(lambda: jobs.finish(jobs.submit(origin.urls(10, waits=SHORT), **MARKDOWN)))


def small_job_beside(server: Server, origin: Origin) -> float:
    """The same while a job of 1,000 pages that take 5 s each is at work."""
    jobs = Jobs(server)
    job_id = jobs.submit(origin.urls(SIZE, waits=SLOW), **MARKDOWN)
    while not jobs.status(job_id)["completed_urls"]:
        time.sleep(0.05)
    value = small_job(server, origin)
    jobs.cancel(job_id)
    return value


def _postgres(running: ExitStack) -> str:
    return running.enter_context(running_postgres(Path(running.enter_context(TemporaryDirectory()))))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as running:
        origin = running.enter_context(running_origin(asked.pages, SAMPLE))
        settings = {"database_url": _postgres(running)} if asked.postgres else {}
        server = running.enter_context(service(origin, **settings))
        drive(server, batches(origin.urls(40), 10), CLIENTS)
        print(f"first result of a first job: {first_result(server, origin):.0f} ms", flush=True)
        times = posts(server, origin)
        print(f"POST of {SIZE:,} URLs: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms", flush=True)
        for _ in range(asked.rounds):
            alone = drive(server, batches(origin.urls(SIZE)), 1).rate
            sync = drive(server, batches(origin.urls(SIZE)), CLIENTS).rate
            cards = job_rate(server, origin, **CARDS)
            markdown = job_rate(server, origin, **MARKDOWN)
            print(
                f"URLs per second: batches {alone:.0f} (1 client) {sync:.0f} ({CLIENTS} clients); "
                f"job of cards {cards:.0f} ({cards / sync:.2f}x), of Markdown {markdown:.0f}",
                flush=True,
            )
            before, beside = p95(server, origin), p95_beside(server, origin)
            print(f"p95 over the slowest origin: {before:.0f} ms; beside a job {beside:.0f} ms", flush=True)
            quiet, beside = small_job(server, origin), small_job_beside(server, origin)
            print(f"a job of ten: {quiet:.1f} s; beside another key's 1,000 slow pages {beside:.1f} s", flush=True)


if __name__ == "__main__":
    main()
