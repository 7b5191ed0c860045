"""Every route of the hostile web gets the answer that it is owed, within its time, and leaves nothing behind."""

from __future__ import annotations

import gzip
import random
import threading
import time

import brotli
import pytest

from app.errors import TargetError
from tests.fetch.conftest import Fetch
from tests.hostile import CUT, LATE, LIMIT, OK, OWED
from tests.site import Port, Site

SECONDS = 1.0  # the deadline of a fetch from a route that never ends
NEVER_ENDING = {path: outcome for path, outcome in OWED.items() if outcome in ("TARGET_TIMEOUT", LATE)}


WHOLE = [  # answers to be damaged
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nSet-Cookie: a=b; Path=/\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 99),
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\n\r\n" + brotli.compress(gzip.compress(b"hello" * 99)),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=b; Secure; Max-Age=10\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nX-Field: value\r\n folded\r\nContent-Length: 4\r\n\r\ngone",
]
SCRAPS = [
    *(
        b"\r\n",
        b"\n",
        b"\0",
        b":",
        b" ",
        b"\t",
        b"HTTP/1.1 ",
        b"\xff\xfe",
        b"-1",
        b"0x",
        b"9" * 20,
        b";",
        b",",
        b"chunked",
    ),
    *(
        b"gzip",
        b"http://",
        b"//",
        b"\\",
        b"[::1",
        b"%",
        b"Location: http://[\r\n",
        b"Set-Cookie: \xff=\0;;Domain=..\r\n",
    ),
]


def damaged(chance: random.Random) -> bytes:
    answer = chance.choice(WHOLE)
    for _ in range(chance.randint(1, 5)):
        at, length = chance.randrange(len(answer) + 1), chance.randint(0, 20)
        answer = answer[:at] + chance.choice(SCRAPS) + answer[at + length :]
    return answer


def outcome_of(fetch: Fetch, url: str, seconds: float) -> str:
    try:
        page = fetch(url, seconds)
    except TargetError as error:
        return error.code
    if page.late:
        return LATE
    if not 200 <= page.status < 300:
        return "TARGET_HTTP_ERROR"
    assert len(page.body) <= LIMIT
    return CUT if page.truncated else OK


@pytest.mark.parametrize("path", [path for path in OWED if path not in NEVER_ENDING])
def test_a_hostile_route_gets_what_it_is_owed(hostile_web: Site, fetch: Fetch, path: str) -> None:
    assert outcome_of(fetch, hostile_web.url(path), 30.0) == OWED[path]
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

    assert {path: outcome for path, (outcome, _) in outcomes.items()} == NEVER_ENDING
    assert max(seconds for _, seconds in outcomes.values()) < SECONDS + 4.0
    assert hostile_web.wait_until_idle()
    assert threading.active_count() <= threads_before


def test_no_damage_to_an_answer_leads_to_anything_but_a_page_or_a_target_error(fetch: Fetch) -> None:
    chance = random.Random(2026)
    site = Port(lambda wire: wire.send(damaged(chance)) if wire.receive_head() else None)
    for _ in range(400):
        outcome_of(fetch, f"http://127.0.0.1:{site.port}/", 30.0)
    site.close()
