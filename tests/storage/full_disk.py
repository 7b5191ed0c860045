"""A full disk for the data folder: run `unshare -rm python -m tests.storage.full_disk SCENE FOLDER`; prints JSON.

A small tmpfs is mounted over the folder, in a mount namespace of its own, and filled to its last byte.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

SIZE = "8m"


def mount(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)


def fill(folder: Path) -> None:
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        for size in (2**16, 1):
            with suppress(OSError):
                while filler.write(bytes(size)):
                    pass


def cards(folder: Path) -> Any:
    """Read a page before and after, spend tokens of many keys, and use up a month."""
    from app.plans import Plan
    from tests.site import Site

    site, services = Site(), _services(folder)
    urls = [site.page(f"/{number}", f"<title>{number}</title>") for number in range(8)]
    before = _read(services, urls[:1])
    fill(folder)
    after = _read(services, urls)
    again = _read(services, urls)
    plan = Plan("small", batch_limit=1, per_minute=1, burst=1)
    taken = [services.rates.take(f"key-{number}", plan) for number in range(2_000)]
    for number in range(2_000):
        services.cache._generations.bump(f"key-{number}")
    services.usage.add("key", 3)
    (folder / "filler").unlink()
    services.usage.add("key", 1)
    return {
        "before": before,
        "after": after,
        "again": again,
        "tokens": sum(state.allowed for state in taken if state),
        "used": services.usage.used("key"),
    }


def _services(folder: Path) -> Any:
    from app.networks import parse_networks
    from app.services import Services
    from app.settings import Settings

    return Services.open(Settings(data_dir=folder, allow_targets=parse_networks("127.0.0.0/8")))


def _read(services: Any, urls: list[str]) -> list[str]:
    from app.batch import collect, extract_batch
    from app.deadline import Deadline
    from app.extractor import Options
    from app.fetch import parse_url

    targets = [parse_url(url) for url in urls]
    done = extract_batch(targets, services.extractor, services.pool, Options(), Deadline.after(30), tenant="")
    return [json.loads(outcome.data)["title"] for _, outcome in sorted(collect(done).items())]


def start(folder: Path) -> Any:
    """Start where there is no room: the refusal."""
    from app.settings import SettingsError

    fill(folder)
    try:
        _services(folder)
    except SettingsError as error:
        return str(error)
    return None


def mapped(folder: Path) -> Any:
    """Map a file where there is no room for it: the refusal."""
    from app.settings import SettingsError
    from app.storage.limits import FileBuckets

    fill(folder)
    try:
        FileBuckets(folder / "rates")
    except SettingsError as error:
        return str(error)
    return None


def metrics(folder: Path) -> Any:
    """Count under so many labels that the file must grow, with room for it or without."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from prometheus_client import Counter

    from app.metrics import FETCHES, exposition

    FETCHES.labels("first").inc()
    fill(folder)
    counter = Counter("pagecard_test", "Counted", ("name",))
    for number in range(5_000):
        counter.labels(f"{number}").inc(2)
    return [
        counter.labels("4999")._value.get(),
        b'pagecard_fetches_total{outcome="first"} 1.0' in exposition(),
    ]


def metrics_of_a_new_process(folder: Path) -> Any:
    """Count in a process that starts when the disk is full."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    fill(folder)
    from app.metrics import FETCHES

    FETCHES.labels("first").inc()
    return FETCHES.labels("first")._value.get()


if __name__ == "__main__":
    scene, place = sys.argv[1], Path(sys.argv[2])
    mount(place)
    print(json.dumps(globals()[scene](place)), flush=True)
    os._exit(0)  # threads of the pool and of the site
