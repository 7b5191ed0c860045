"""The refresh of an unchanged page beside a fetch and read of the same page: CPU of the thread that does it.

    python tests/benchmarks/refresh.py --pages DIR --rounds 3

Rule: both take turns on every page; the origin is another process, and each request is a new connection.

Without --pages the pages are synthetic. The last line is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from pages import SAMPLE, load_pages

from app.deadline import Deadline
from app.extractor import Options
from app.fetch import parse_url
from app.logs import configure_logs
from app.networks import parse_networks
from app.services import Services, prepare
from app.settings import Settings
from tests.site import Request, Site, Wire


def serve(pages: list[bytes], ports: multiprocessing.Queue[int]) -> None:
    """Serve page N at /N, and at /N/anything, with validators."""

    def route(body: bytes) -> Callable[[Wire, Request], None]:
        def answer(wire: Wire, request: Request) -> None:
            if request.headers.get("if-none-match"):
                wire.head("304 Not Modified", 'ETag: "1"')
            else:
                wire.answer(body, 'ETag: "1"')

        return answer

    site = Site({f"/{number}": route(body) for number, body in enumerate(pages)})
    ports.put(site.port)
    time.sleep(3_600)


def measure(services: Services, url: str, options: Options) -> float:
    """CPU milliseconds of one extraction."""
    begun = time.thread_time()
    outcome = services.extractor.extract(parse_url(url), options, Deadline.after(30))
    spent = time.thread_time() - begun
    assert type(outcome).__name__ == "Success", outcome
    services.extractor.settle()
    return spent * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, help="folder of HTML files; synthetic pages without it")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many of its pages are served")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    configure_logs("error")
    pages = load_pages(arguments.pages, arguments.sample)
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    origin = multiprocessing.Process(target=serve, args=(pages, ports), daemon=True)
    origin.start()
    base = f"http://127.0.0.1:{ports.get()}"
    read, refreshed = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), allow_targets=parse_networks("127.0.0.0/8"), log_level="error")
        prepare(settings)
        with closing(Services.open(settings)) as services:
            for number in range(arguments.rounds):
                for page in range(len(pages)):
                    url = f"{base}/{page}?{number}"
                    read.append(measure(services, url, Options()))
                    refreshed.append(measure(services, url, Options(max_age=0)))
    origin.terminate()
    whole, asked = statistics.median(read), statistics.median(refreshed)
    print(f"fetch and read: {whole:.2f} ms of CPU")
    print(f"refresh, unchanged: {asked:.2f} ms of CPU")
    print(f"ratio: {asked / whole:.2f}")


if __name__ == "__main__":
    main()
