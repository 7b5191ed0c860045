"""What a thousand hostile fetches leave behind in the workers: memory, threads, open files.

    python tests/benchmarks/memory.py [--fetches 1000]

Serves every route of tests/hostile.py on loopback, has the service (two workers, with its default settings but a
deadline of two seconds) fetch them in batches of 50 past the cache, and prints how the workers stand after each
hundred. Ends with 1 if they are more than 30 % larger at the end than after the first hundred.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1]))  # what is installed goes first, as in read.py

from processes import PROC, family, memory  # noqa: E402

from app.cli.serving import Service, serving  # noqa: E402
from tests.hostile import ROUTES  # noqa: E402
from tests.site import Site  # noqa: E402

BATCH = 50
MOST_GROWTH = 1.3


def fetch(service: Service, urls: list[str]) -> None:
    answer = requests.post(
        f"{service.url}/v1/extract/batch",
        json={"urls": urls, "cache": False},
        headers={"X-Api-Key": service.first_key},
        timeout=60,
    )
    answer.raise_for_status()


def threads(pid: int) -> int:
    return sum(len(list((PROC / str(member) / "task").iterdir())) for member in family(pid))


def files(pid: int) -> int:
    return sum(len(list((PROC / str(member) / "fd").iterdir())) for member in family(pid))


def settle(site: Site) -> None:
    """A second after the last connection is gone."""
    site.wait_until_idle(30)
    time.sleep(1)


def measure(fetches: int) -> tuple[float, float]:
    """MiB of the service after the first hundred fetches, and after all."""
    site = Site(ROUTES)
    sizes: list[float] = []
    print("fetches      MiB   peak  threads  files", flush=True)
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder), {"ALLOW_TARGETS": "127.0.0.0/8", "LOG_LEVEL": "error", "BATCH_TIMEOUT": "2"}) as service,
    ):
        pid = service.process.pid
        urls = cycle([site.url(f"{path}?{{}}") for path in ROUTES])
        for done in range(0, fetches, BATCH):
            fetch(service, [url.format(done) for url in islice(urls, BATCH)])
            if (done + BATCH) % 100 == 0:
                settle(site)
                now = memory(pid)
                sizes.append(now.rss)
                print(f"{done + BATCH:7} {now.rss:8.1f} {now.peak:6.0f} {threads(pid):8} {files(pid):6}", flush=True)
    site.close()
    return sizes[0], sizes[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetches", type=int, default=1_000)
    first, last = measure(parser.parse_args().fetches)
    print(f"\n{last / first:.2f} of what it was after the first hundred")
    sys.exit(last > first * MOST_GROWTH)


if __name__ == "__main__":
    main()
