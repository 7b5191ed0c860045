"""A job of 1,000 pages, and `kill -9` while it runs: every URL must end exactly once.

    python tests/benchmarks/kills.py --pages DIR                      # pagecard serve
    python tests/benchmarks/kills.py --pages DIR --broker redis       # pagecard worker; or rabbitmq

Without a broker every process of the service (master, web workers, runners) is killed three times, and the service
started again. With one, two workers run beside the service, on PostgreSQL, and the first of them is killed once. The
servers are started by this script, on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from origin import Origin, running_origin
from servers import PAGECARD, environment, free_port, make_key

from tests.servers import answers, end, running_postgres, running_rabbitmq, running_redis, until

SIZE = 1_000
KILLS = (0.15, 0.4, 0.7)  # shares of the job that have ended
BROKERS = {"redis": running_redis, "rabbitmq": running_rabbitmq}
ASKED = {"formats": ["markdown"], "include_metadata": True}
PATIENCE = 600.0  # seconds that a job may take


@dataclass(frozen=True, slots=True)
class Host:
    """Where Pagecard runs: its settings, its port and a key."""

    folder: Path
    environ: Mapping[str, str]
    port: int
    key: str

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process in a session of its own, until the block ends with the death of all of them."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [PAGECARD, *command],
                env={**os.environ, **self.environ},
                cwd=self.folder,
                start_new_session=True,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            end(process)

    @contextmanager
    def serving(self) -> Iterator[None]:
        with self.running("serve", "--bind", f"127.0.0.1:{self.port}"):
            until(lambda: answers(self.port))
            yield

    def ask(self, method: str, path: str = "", **options: Any) -> requests.Response:
        url = f"http://127.0.0.1:{self.port}/v1/{path}"
        answer = requests.request(method, url, headers={"X-Api-Key": self.key}, timeout=60, **options)
        answer.raise_for_status()
        return answer

    def submit(self, urls: Sequence[str]) -> str:
        return str(self.ask("POST", "batch", json={"urls": urls, **ASKED}).json()["job_id"])

    def ended(self, job_id: str) -> int:
        job = self.ask("GET", f"batch/{job_id}?page_size=1").json()
        return int(job["total_urls"] - job["pending_urls"])

    def reach(self, job_id: str, count: int) -> None:
        until(lambda: self.ended(job_id) >= count, timeout=PATIENCE)


def kill_everything(host: Host, urls: Sequence[str]) -> str:
    """The whole service, three times."""
    with host.serving():
        job_id = host.submit(urls)
        host.reach(job_id, int(KILLS[0] * len(urls)))
        tell_kill(host.ended(job_id))
    for share in KILLS[1:]:
        with host.serving():
            host.reach(job_id, int(share * len(urls)))
            tell_kill(host.ended(job_id))
    return job_id


def kill_a_worker(host: Host, urls: Sequence[str]) -> str:
    """One of two workers, while it works. The other one ends the job."""
    with host.serving(), host.running("worker") as first, host.running("worker"):
        job_id = host.submit(urls)
        host.reach(job_id, int(KILLS[1] * len(urls)))
        end(first)
        tell_kill(host.ended(job_id))
        host.reach(job_id, len(urls))
    return job_id


def tell_kill(ended: int) -> None:
    print(f"kill -9 when {ended} items had ended", flush=True)


def check(host: Host, job_id: str, urls: Sequence[str]) -> None:
    """Every URL once, with what was asked for, and charged at most once. Ends the script if not."""
    with host.serving():
        host.reach(job_id, len(urls))
        results = list(map(json.loads, host.ask("GET", f"batch/{job_id}/results").iter_lines()))
        job = host.ask("GET", f"batch/{job_id}").json()
        used = host.ask("GET", "usage").json()["data"]["used"]["urls"]
    completed = [result for result in results if result["status"] == "completed"]
    failures = Counter(result["error_code"] for result in results if result["status"] == "failed")
    wrong = [
        *(() if [each["input_index"] for each in results] == list(range(len(urls))) else ("the indexes",)),
        *(() if [each["url"] for each in results] == list(urls) else ("the URLs",)),
        *(() if all(each["data"]["markdown"] is not None for each in completed) else ("Markdown",)),
        *(() if all(each["data"]["metadata"]["url"] == each["url"] for each in completed) else ("cards",)),
        *(() if job["completed_urls"] == len(completed) else ("the counters",)),
        # What was read and cached, but not stored when its runner died, is a cache hit of the next one, and free.
        *(() if used <= len(completed) else ("charges",)),
    ]
    print(f"{len(results)} results: {len(completed)} completed, failed {dict(failures)}; {used} charged")
    if wrong:
        sys.exit(f"wrong: {', '.join(wrong)}")


@contextmanager
def hosting(origin: Origin, broker: str | None) -> Iterator[Host]:
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        settings = {}
        for name, start in ({"database": running_postgres, "broker": BROKERS[broker]} if broker else {}).items():
            (folder / name).mkdir()
            settings[f"{name}_url"] = running.enter_context(start(folder / name))
        environ = environment(origin, folder, **settings)
        yield Host(folder, environ, free_port(), make_key(environ, folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--broker", choices=BROKERS)
    asked = parser.parse_args()
    way: Callable[[Host, Sequence[str]], str] = kill_a_worker if asked.broker else kill_everything
    with running_origin(asked.pages, SIZE) as origin, hosting(origin, asked.broker) as host:
        begun = time.monotonic()
        urls = origin.urls(SIZE)
        job_id = way(host, urls)
        check(host, job_id, urls)
        print(f"{SIZE:,} URLs of {origin.page_count} pages, {time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
