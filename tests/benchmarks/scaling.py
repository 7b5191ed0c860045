"""How the service scales: with the size of batches, clients, threads, workers, and the slowness of the web.

    python tests/benchmarks/scaling.py --pages DIR

One thing varies at a time. Each table ends with its knee, the first step that reaches nine tenths of the best, and
with what was used up there: the threads (by Little's law, rate x time that an origin takes, of those that one key may
have), the busiest worker's interpreter, the machine's processors, or none of them, which means that the clients did
not ask for more at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from load import Load, batches, drive
from origin import Origin, latency, running_origin
from pages import SAMPLE
from processes import cpu_by_process, machine_cpu_seconds
from servers import Server, service

BATCH_SIZES = (1, 2, 5, 10, 25, 50, 100)
CLIENTS = (1, 2, 4, 8, 16)
POOL_SIZES = (40, 64, 96, 128, 192, 384)  # fewer would refuse so many URLs at once: OVERLOADED
WORKERS = (1, 2, 3, 4)
LATENCIES = (0, 20, 50, 100, 200, 500, 1_000)  # ms

DEFAULT_POOL = 192  # threads a worker
KEY_SHARE = 2 / 3  # of the threads, for one key
NEAR = 0.9  # of the best rate
USED_UP = 0.75  # of what there is


@dataclass(frozen=True, slots=True)
class Point:
    """One load. `cores` are those that the service kept busy, `worker` what its busiest process had of one,
    `machine` the share of all that anybody kept busy, `threads` the share of a key's that waited for origins.
    """

    x: int
    load: Load
    cores: float
    worker: float
    machine: float
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
    machine, processes = machine_cpu_seconds(), cpu_by_process(server.pid)
    load = drive(server, batches(asked, setup.batch), setup.clients)
    busy = {pid: cpu - processes.get(pid, 0.0) for pid, cpu in cpu_by_process(server.pid).items()}
    return Point(
        x=x,
        load=load,
        cores=load.cpu / load.seconds,
        worker=max(busy.values()) / load.seconds,
        machine=(machine_cpu_seconds() - machine) / load.seconds / (os.cpu_count() or 1),
        threads=load.rate * setup.latency / 1_000 / (setup.pool * setup.workers * KEY_SHARE),
    )


def sweep(origin: Origin, setups: dict[int, Setup]) -> Iterator[Point]:
    """A point for each setup; a server is kept for as long as its settings fit."""
    with ExitStack() as stack:
        running, server = None, None
        for x, setup in setups.items():
            if server is None or running != (setup.workers, setup.pool):
                stack.close()
                running = setup.workers, setup.pool
                server = stack.enter_context(service(origin, setup.workers, pool_size=str(setup.pool)))
                drive(server, batches(origin.urls(400), 100), 2)  # threads are started and pages known
            yield measure(server, origin, setup, x)


def knee(points: Sequence[Point]) -> Point:
    best = max(point.load.rate for point in points)
    return next(point for point in points if point.load.rate >= NEAR * best)


def reason(point: Point) -> str:
    """What was used up at the knee."""
    used = {
        f"the threads that one key may have wait for origins, {point.threads:.0%} of them": point.threads,
        f"the interpreter of the busiest worker has {point.worker:.2f} of a core, and cannot use two": point.worker,
        f"the machine's cores are busy, {point.machine:.0%} of them": point.machine,
    }
    most = max(used, key=lambda each: used[each])
    return most if used[most] > USED_UP else "nothing is used up: the clients do not ask for more at once"


def table(title: str, label: str, points: Sequence[Point]) -> str:
    rows = [f"### {title}", "", f"| {label} | URLs/s | CPU ms per URL | cores | busiest worker | machine | threads |"]
    rows.append("|--:|--:|--:|--:|--:|--:|--:|")
    for point in points:
        load, shares = point.load, (point.worker, point.machine, point.threads)
        cells = [str(point.x), f"{load.rate:,.0f}", f"{load.cpu_ms:.2f}", f"{point.cores:.2f}"]
        rows.append("| " + " | ".join([*cells, *(f"{share:.0%}" for share in shares)]) + " |")
    best = knee(points)
    return "\n".join([*rows, "", f"Knee at {best.x}: {reason(best)}.", ""])


def slowness() -> dict[int, Setup]:
    """What is asked of slow origins is more, so that a run lasts longer than its ramp."""
    return {each: Setup(clients=8, latency=each, urls=3_200) for each in LATENCIES}


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
        "Threads per worker, 2 clients, batches of 100, origins that take 500 ms",
        "PAGECARD_POOL_SIZE",
        lambda: {each: Setup(pool=each, clients=2, latency=500) for each in POOL_SIZES},
    ),
    "workers": (
        "Workers, 8 clients, batches of 100, origins that answer at once",
        "--workers",
        lambda: {each: Setup(workers=each, clients=8) for each in WORKERS},
    ),
    "latency": ("Slowness of the origins, 8 clients, batches of 100", "ms", slowness),
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
