"""A pytest plugin: marks tests by what they start, orders them, and says how many processes run them.

Markers: `server` starts a real server, broker or database; `browser` starts a real browser; `slow` takes seconds.
A module marks itself by `pytestmark`; the fixtures below mark the tests that use them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SERVER_FIXTURES = {"postgres_url", "rabbitmq_url", "redis_server", "redis_url", "service"}
SERVER_PARAMETERS = {"postgres", "rabbitmq", "redis"}
BROWSER_FOLDER = Path(__file__).parent / "browser"
MOST_PROCESSES = 4  # each starts servers of its own


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests before `-m` selects, and put slow modules first: a long one must not run alone at the end."""
    for item in items:
        if _starts_server(item):
            item.add_marker("server")
        if BROWSER_FOLDER in item.path.parents:
            item.add_marker("browser")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _starts_server(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    parameters = {each for each in call.params.values() if isinstance(each, str)} if call else set()
    return bool(SERVER_FIXTURES & set(getattr(item, "fixturenames", ())) or SERVER_PARAMETERS & parameters)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite on every core, and what is named on the command line in this process."""
    return 0 if config.option.file_or_dir else min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
