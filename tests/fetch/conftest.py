"""A fetcher that may reach the tests' own web and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.deadline import Deadline
from app.fetch import Fetcher, Resolver, TargetPolicy, parse_url
from app.networks import parse_networks
from app.page import Page
from tests.hostile import LIMIT, ROUTES
from tests.site import Names, Site

CANARY = "127.0.0.66"  # the one loopback address that the fetchers of these tests may not reach
POLICY = TargetPolicy(allow=parse_networks("127.0.0.0/8, ::1/128"), deny=(parse_networks(CANARY)[0].network,))

Fetch = Callable[..., Page]


@pytest.fixture(scope="session")
def new_fetcher() -> Callable[..., Fetcher]:
    """Makes a fetcher that differs in what is named."""
    settings: dict[str, Any] = {
        "policy": POLICY,
        "resolver": Resolver(Names({}), pool_size=1),
        "max_bytes": LIMIT,
        "timeout": 30.0,
        "user_agent": "Pagecard-test",
        "accept_language": "en",
    }
    return lambda **changes: Fetcher(**{**settings, **changes})


@pytest.fixture(scope="session")
def fetch(new_fetcher: Callable[..., Fetcher]) -> Fetch:
    """Fetches the text of a URL."""
    fetcher = new_fetcher()
    return lambda url, seconds=30.0, **options: fetcher.fetch(parse_url(url), Deadline.after(seconds), **options)


@pytest.fixture(scope="module")
def hostile_web() -> Iterator[Site]:
    site = Site(ROUTES)
    site.listen("127.0.0.2")
    yield site
    site.close()


@pytest.fixture
def canary(hostile_web: Site) -> Iterator[Site]:
    """A site that nobody may ever reach, on the hostile web's port and an address of its own."""
    site = Site(port=hostile_web.port, address=CANARY)
    yield site
    site.close()
    assert site.connections == 0, "the canary was reached"
