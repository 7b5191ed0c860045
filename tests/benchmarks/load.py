"""Drives one server with batches and says what that cost it.

Rule: an answer that is not 200, or a URL that failed, ends the benchmark; a figure of failures is no figure.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from client import Answer
from processes import cpu_seconds, forget_peak, memory
from servers import Server

Batch = list[str]


@dataclass(frozen=True, slots=True)
class Load:
    """`over` has for each batch the seconds that it took beyond its slowest origin; `cpu` is in seconds."""

    urls: int
    seconds: float
    cpu: float
    over: tuple[float, ...]

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per URL."""
        return self.cpu / self.urls * 1_000

    @property
    def rate(self) -> float:
        """URLs per second."""
        return self.urls / self.seconds


def batches(urls: list[str], size: int = 100) -> list[Batch]:
    return [urls[start : start + size] for start in range(0, len(urls), size)]


def drive(server: Server, work: Sequence[Batch], clients: int = 1) -> Load:
    """Send all of `work`, each client its next batch as soon as its last one is answered."""
    waiting, over = deque(work), list[float]()

    def client() -> None:
        connection = server.client()
        while waiting:
            try:
                batch = waiting.popleft()
            except IndexError:
                break
            over.append(_checked(server, connection.extract(batch)).seconds - slowest(batch))
        connection.close()

    before, started = cpu_seconds(server.pid), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client) for _ in range(clients)]:
            done.result()
    seconds = time.perf_counter() - started
    return Load(sum(map(len, work)), seconds, cpu_seconds(server.pid) - before, tuple(over))


def _checked(server: Server, answer: Answer) -> Answer:
    if answer.status != 200:
        raise SystemExit(f"{server.name} answered {answer.status}: {bytes(answer.body[:500])!r}")
    failures = answer.failures()
    if failures:
        raise SystemExit(f"{server.name} failed on {len(failures)} URLs, such as {failures[0]}")
    return answer


def slowest(batch: Batch) -> float:
    """Seconds that the slowest origin of the batch waits before it answers."""
    return max(float(parse_qs(urlsplit(url).query)["wait"][0]) for url in batch) / 1_000


def cached_rate(server: Server, batch: Batch, seconds: float) -> float:
    """URLs per second of one client that asks for the same batch over and over."""
    client = server.client()
    _checked(server, client.extract(batch))
    request = client.request(batch)
    _checked(server, client.send(request))
    started, rounds = time.perf_counter(), 0
    while time.perf_counter() < started + seconds:
        if client.send(request).status != 200:
            raise SystemExit(f"{server.name} refused a batch that it had answered before")
        rounds += 1
    rate = rounds * len(batch) / (time.perf_counter() - started)
    client.close()
    return rate


def memory_in_flight(server: Server, work: Sequence[Batch]) -> float:
    """MiB per URL by which the family grows while all of `work`, which all arrives at once, is in flight."""
    before = memory(server.pid).rss
    forget_peak(server.pid)
    threads = [threading.Thread(target=drive, args=(server, [batch])) for batch in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (memory(server.pid).peak - before) / sum(map(len, work))
