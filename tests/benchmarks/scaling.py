"""How the service scales: with the size of batches, clients, threads, workers, and the slowness of the web.

    python tests/benchmarks/scaling.py --pages DIR

One thing varies at a time. Each table ends with its knee, the last step that still brought a tenth more, and with
what was used up there: the cores, the threads (by Little's law, rate x time that an origin takes, of those that
one key may have), or neither, which means that the clients did not ask for more at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from load import Load, batches, drive
from origin import Origin, latency, running_origin
from pages import SAMPLE
from processes import cpu_seconds
from servers import Server, service

BATCH_SIZES = (1, 2, 5, 10, 25, 50, 100)
CLIENTS = (1, 2, 4, 8, 16)
POOL_SIZES = (8, 16, 32, 64, 128, 192, 384)
WORKERS = (1, 2, 3, 4)
LATENCIES = (0, 20, 50, 100, 200, 500, 1_000)  # ms

DEFAULT_POOL = 192  # threads a worker
KEY_SHARE = 2 / 3  # of the threads, for one key
GAIN = 1.1  # a step beyond the knee brings less
USED_UP = 0.75  # of what there is


@dataclass(frozen=True, slots=True)
class Point:
    """One load. `cores` and `all_cores` are those kept busy by the server, and by it and the origin."""

    x: int
    load: Load
    cores: float
    all_cores: float
    threads: float


@dataclass(frozen=True, slots=True)
class Setup:
    """`urls` is how many are asked in all; `latency` in ms."""

    batch: int = 100
    clients: int = 4
    pool: int = DEFAULT_POOL
    workers: int = 2
    latency: int = 0
    urls: int = 2_000


def measure(server: Server, origin: Origin, setup: Setup, x: int) -> Point:
    asked = origin.urls(setup.urls, waits=latency(f"fixed:{setup.latency}"))
    before = cpu_seconds(origin.pid)
    load = drive(server, batches(asked, setup.batch), setup.clients)
    serving = cpu_seconds(origin.pid) - before
    used = load.rate * setup.latency / 1_000 / (setup.pool * setup.workers * KEY_SHARE)
    return Point(x, load, load.cpu / load.seconds, (load.cpu + serving) / load.seconds, used)


def sweep(origin: Origin, setups: dict[int, Setup]) -> Iterator[Point]:
    """A point for each setup; a server is kept for as long as its settings fit."""
    with ExitStack() as stack:
        running, server = None, None
        for x, setup in setups.items():
            if server is None or running != (setup.workers, setup.pool):
                stack.close()
                running = setup.workers, setup.pool
                server = stack.enter_context(service(origin, setup.workers, pool_size=str(setup.pool)))
                drive(server, batches(origin.urls(400), 100), 4)  # threads are started and pages known
            yield measure(server, origin, setup, x)


def knee(points: Sequence[Point]) -> Point:
    for point, following in pairwise(points):
        if following.load.rate < point.load.rate * GAIN:
            return point
    return points[-1]


def reason(point: Point) -> str:
    """What was used up at the knee."""
    cores = len(os.sched_getaffinity(0))
    if point.all_cores > USED_UP * cores:
        return f"the cores are busy: {point.cores:.1f} of {cores} by the service, the rest by the origin and the client"
    if point.threads > USED_UP:
        return f"the threads that one key may have are busy: {point.threads:.0%} of them wait for origins"
    return "neither cores nor threads are used up: the clients do not ask for more at once"


def table(title: str, label: str, points: Sequence[Point]) -> str:
    rows = [f"### {title}", "", f"| {label} | URLs/s | CPU ms per URL | cores busy | threads busy |"]
    rows.append("|--:|--:|--:|--:|--:|")
    for point in points:
        row = f"{point.x} | {point.load.rate:,.0f} | {point.load.cpu_ms:.2f} | {point.cores:.2f} | {point.threads:.0%}"
        rows.append(f"| {row} |")
    best = knee(points)
    return "\n".join([*rows, "", f"Knee at {best.x}: {reason(best)}.", ""])


def slowness() -> dict[int, Setup]:
    """What is asked of slow origins is more, so that a run lasts longer than its ramp."""
    return {each: Setup(clients=16, latency=each, urls=4_800) for each in LATENCIES}


SWEEPS: dict[str, tuple[str, str, Callable[[], dict[int, Setup]]]] = {
    "batch": (
        "URLs per batch, one client, origins that answer at once",
        "URLs per batch",
        lambda: {each: Setup(batch=each, clients=1, urls=20 * min(each, 50) + 200) for each in BATCH_SIZES},
    ),
    "clients": (
        "Clients, batches of 25, origins that answer at once",
        "clients",
        lambda: {each: Setup(batch=25, clients=each) for each in CLIENTS},
    ),
    "pool": (
        "Threads per worker, 8 clients, batches of 100, origins that take 200 ms",
        "PAGECARD_POOL_SIZE",
        lambda: {each: Setup(pool=each, clients=8, latency=200, urls=2_400) for each in POOL_SIZES},
    ),
    "workers": (
        "Workers, 8 clients, batches of 100, origins that answer at once",
        "--workers",
        lambda: {each: Setup(workers=each, clients=8) for each in WORKERS},
    ),
    "latency": ("Slowness of the origins, 16 clients, batches of 100", "ms", slowness),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, help="folder of HTML files; synthetic pages without it")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many of its pages are served")
    parser.add_argument("--only", nargs="+", choices=SWEEPS, default=list(SWEEPS))
    arguments = parser.parse_args()
    with running_origin(arguments.pages, arguments.sample) as origin:
        for name in arguments.only:
            title, label, setups = SWEEPS[name]
            print(table(title, label, list(sweep(origin, setups()))), flush=True)


if __name__ == "__main__":
    main()
