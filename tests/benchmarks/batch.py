"""The service beside the obvious solution and beside the fastest one, in the same minutes on the same machine.

    python tests/benchmarks/batch.py --pages DIR --rounds 3 --plot deploy/screenshots/benchmark.png

Rule 1: in each round the three take turns on every figure, and only figures of a turn are compared: another load on
        the machine then strikes all three. What is over within seconds has several turns a round.
Rule 2: CPU is that of all processes of a server, as /proc counts it; the origin and the client are not in it.
Rule 3: every URL that is to be fetched was never asked before; every connection to an origin is a new one.

Without --pages the pages are synthetic. Needs `cryptography`, and `matplotlib` for --plot.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from load import batches, cached_rate, drive, memory_in_flight
from origin import Origin, latency, running_origin
from pages import SAMPLE
from processes import memory
from report import Rounds, markdown, plot
from servers import Server, reference, service

NAMES = ("naive", "bound", "pagecard")
BATCH = 100
CLIENTS = 4
CACHED_SECONDS = 0.5
LOGNORMAL = "lognormal:200"
IN_FLIGHT, HELD_BACK = 2, "fixed:2000"  # batches, and for how long an origin holds their pages back

# Of the slow reference a few batches say enough.
FETCHED = {"naive": 2, "bound": 24, "pagecard": 24}  # batches
TIMED = {"naive": 2, "bound": 20, "pagecard": 20}  # batches

Measured = Iterator[tuple[str, float]]


def rest(server: Server, origin: Origin) -> Measured:
    time.sleep(2)
    yield "memory at rest", memory(server.pid).pss


def flight(server: Server, origin: Origin) -> Measured:
    urls = origin.urls(IN_FLIGHT * BATCH, waits=latency(HELD_BACK))
    yield "memory per URL in flight", memory_in_flight(server, batches(urls))


def plain(server: Server, origin: Origin) -> Measured:
    load = drive(server, batches(origin.urls(FETCHED[server.name] * BATCH)), CLIENTS)
    yield "CPU per URL, plain", load.cpu_ms
    yield "URLs per second", load.rate


def tls(server: Server, origin: Origin) -> Measured:
    load = drive(server, batches(origin.urls(FETCHED[server.name] * BATCH, tls=True)), CLIENTS)
    yield "CPU per URL, TLS", load.cpu_ms


def over_the_slowest(server: Server, origin: Origin) -> Measured:
    over = drive(server, batches(origin.urls(TIMED[server.name] * BATCH, waits=latency(LOGNORMAL)))).over
    yield "over the slowest, p50", statistics.median(over) * 1_000
    yield "over the slowest, p99", statistics.quantiles(over, n=100, method="inclusive")[98] * 1_000


def cached(server: Server, origin: Origin) -> Measured:
    yield "cached URLs per second", cached_rate(server, origin.urls(BATCH), CACHED_SECONDS)


TURNS: dict[Callable[[Server, Origin], Measured], int] = {
    rest: 1,
    flight: 1,
    plain: 2,
    tls: 2,
    over_the_slowest: 1,
    cached: 6,
}
"""How often each is measured in a round."""


def start(stack: ExitStack, name: str, origin: Origin) -> Server:
    server = stack.enter_context(service(origin) if name == "pagecard" else reference(name, origin))
    drive(server, batches(origin.urls(4), 1), 4)  # both workers have then answered once
    return server


def one_round(origin: Origin, names: list[str], rounds: Rounds) -> None:
    with ExitStack() as stack:
        servers = [start(stack, name, origin) for name in names]
        for measure in (measure for measure, turns in TURNS.items() for _ in range(turns)):
            for server in servers:
                for figure, value in measure(server, origin):
                    rounds.add(figure, server.name, value)
                    print(f"{figure:26} {server.name:10} {value:12.2f}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, help="folder of HTML files; synthetic pages without it")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many of its pages are served")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="leave a server out")
    parser.add_argument("--plot", type=Path, help="PNG to write (pip install matplotlib)")
    arguments = parser.parse_args()
    rounds = Rounds()
    with running_origin(arguments.pages, arguments.sample) as origin:
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
            one_round(origin, arguments.only, rounds)
    print(markdown(rounds))
    if arguments.plot:
        plot(rounds, arguments.plot)


if __name__ == "__main__":
    main()
