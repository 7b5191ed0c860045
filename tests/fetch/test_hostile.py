"""Every route of the hostile web gets the answer that it is owed, within its time, and leaves nothing behind."""

from __future__ import annotations

import threading
import time

import pytest

from app.errors import TargetError
from tests.fetch.conftest import Fetch
from tests.hostile import CUT, LIMIT, OK, OWED
from tests.site import Site

SECONDS = 1.0  # the deadline of a fetch from a route that never ends
NEVER_ENDING = [path for path, outcome in OWED.items() if outcome == "TARGET_TIMEOUT"]


def outcome_of(fetch: Fetch, url: str, seconds: float) -> str:
    try:
        page = fetch(url, seconds)
    except TargetError as error:
        return error.code
    if not 200 <= page.status < 300:
        return "TARGET_HTTP_ERROR"
    assert len(page.body) <= LIMIT
    return CUT if page.truncated else OK


@pytest.mark.parametrize("path", [path for path in OWED if path not in NEVER_ENDING])
def test_a_hostile_route_gets_what_it_is_owed(hostile_web: Site, fetch: Fetch, path: str) -> None:
    assert outcome_of(fetch, hostile_web.url(path), 5.0) == OWED[path]
    assert hostile_web.wait_until_idle()


def test_whatever_never_ends_is_ended_by_the_deadline(hostile_web: Site, fetch: Fetch) -> None:
    threads_before = threading.active_count()
    outcomes: dict[str, tuple[str, float]] = {}

    def run(path: str) -> None:
        started = time.monotonic()
        outcomes[path] = outcome_of(fetch, hostile_web.url(path), SECONDS), time.monotonic() - started

    threads = [threading.Thread(target=run, args=(path,)) for path in NEVER_ENDING]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {path: outcome for path, (outcome, _) in outcomes.items()} == dict.fromkeys(NEVER_ENDING, "TARGET_TIMEOUT")
    assert max(seconds for _, seconds in outcomes.values()) < SECONDS + 1.0
    assert hostile_web.wait_until_idle()
    assert threading.active_count() <= threads_before
