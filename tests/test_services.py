from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.batch import collect, extract_batch
from app.deadline import Deadline
from app.extractor import Options
from app.fetch import parse_url
from app.networks import parse_networks
from app.results import Success
from app.services import Services
from app.settings import Settings
from tests.servers import until
from tests.site import Site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, allow_targets=parse_networks("127.0.0.0/8"))


def extract(services: Services, url: str) -> Success:
    target = parse_url(url)
    done = extract_batch([target], services.extractor, services.pool, Options(), Deadline.after(10), tenant="")
    [outcome] = collect(done).values()
    assert isinstance(outcome, Success)
    return outcome


def test_what_was_read_is_kept_when_the_services_close(settings: Settings, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    hits = []
    for _ in range(2):
        services = Services.open(settings)
        hits.append(extract(services, url).cache_hit)
        services.close()
    assert hits == [False, True]


def test_no_thread_outlives_the_services(settings: Settings, web: Site) -> None:
    before = set(threading.enumerate())
    services = Services.open(settings)
    extract(services, web.page("/a", "<title>A</title>"))
    web.close()
    services.close()
    until(lambda: set(threading.enumerate()) <= before)
