"""Politeness: one host gets few connections, a pause where it asks for one, and its neighbours wait for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.settings import Settings
from tests.api.conftest import Api
from tests.site import Request, Site, Wire

URLS = 100


class Strict:
    """A host that takes `most` connections at a time, and answers 429 beyond."""

    def __init__(self, most: int, *fields: str, seconds: float = 0.02) -> None:
        self.most, self.fields, self.seconds = most, fields, seconds
        self.now = self.peak = self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, wire: Wire, request: Request) -> None:
        with self._lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
            refuse = self.now > self.most
            self.refused += refuse
        try:
            time.sleep(self.seconds)
            if not refuse:
                wire.head("200 OK", "Content-Type: text/html", "Content-Length: 16")
        finally:
            with self._lock:
                self.now -= 1
        if refuse:
            wire.answer(b"slow down", *self.fields, status="429 Too Many Requests")
        else:
            wire.send(b"<title>A</title>")


def serve(web: Site, route: Callable[[Wire, Request], None], number: int, address: str = "127.0.0.1") -> list[str]:
    return [web.route(f"/{each}", route, address=address) for each in range(number)]


def results(api: Api, urls: list[str], **fields: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = api.batch(*urls, **fields).json["data"]["results"]  # type: ignore[index]
    return told


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, host_concurrency=6)


def test_a_batch_of_one_strict_host_is_all_cards(api: Api, web: Site) -> None:
    strict = Strict(4)
    told = results(api, serve(web, strict, URLS))
    assert [each["success"] for each in told] == [True] * URLS
    assert strict.peak <= 6
    assert strict.refused < URLS / 4


def test_neighbours_of_a_strict_host_are_not_delayed(api: Api, web: Site) -> None:
    others = [web.page("/other", "<title>B</title>", latency=0.3, address=f"127.0.0.{n}") for n in range(10, 20)]

    def seconds(more: list[str]) -> float:
        begun = time.monotonic()
        lines = api.post("/v1/extract/batch", {"urls": [*more, *others], "cache": False}, headers=NDJSON)
        return max(time.monotonic() - begun for line in lines.response if b"/other" in line)

    alone = min(seconds([]) for _ in range(3))
    strict = serve(web, Strict(4, seconds=0.05), 90)
    assert min(seconds(strict) for _ in range(3)) < 1.1 * alone + 0.05


NDJSON = {"Accept": "application/x-ndjson"}


def test_a_host_that_refuses_everything_is_not_asked_again_and_again(api: Api, web: Site) -> None:
    strict = Strict(0)
    told = results(api, serve(web, strict, 30))
    assert {each["error"]["details"]["http_status"] for each in told} == {429}
    assert strict.refused < 2 * 30


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_url_of_a_host_that_asked_for_a_pause_fails_at_once(api: Api, web: Site, status: str) -> None:
    asks = web.page("/asks", "wait", status=status, headers={"Retry-After": "30"})
    page = web.page("/page", "<title>A</title>")
    other = web.url("/page", address="127.0.0.2")
    assert results(api, [asks])[0]["error"]["details"]["retry_after"] == 30
    [told, elsewhere] = results(api, [page, other])
    assert told["error"]["details"] == {"http_status": int(status[:3]), "retry_after": 30}
    assert told["error"]["retryable"] is True
    assert elsewhere["success"] is True
    assert len(web.received("/page")) == 1


def test_a_pause_ends_and_is_not_kept(api: Api, web: Site) -> None:
    asks = web.page("/asks", "wait", status="429 Too Many Requests", headers={"Retry-After": "1"})
    page = web.page("/page", "<title>A</title>")
    assert not results(api, [asks])[0]["success"]
    assert not results(api, [page])[0]["success"]
    web.page("/asks", "<title>B</title>")
    time.sleep(1.1)
    assert [each["success"] for each in results(api, [page, asks])] == [True, True]


def test_a_card_of_a_paused_host_is_still_there(api: Api, web: Site) -> None:
    page = web.page("/page", "<title>A</title>")
    api.batch(page)
    api.batch(web.page("/asks", "wait", status="503 Unavailable", headers={"Retry-After": "30"}))
    assert results(api, [page])[0]["cache_hit"] is True
    assert results(api, [page], max_age=0)[0]["stale"] is True


def test_redirects_to_one_host_share_its_connections(
    make_api: Callable[[Settings], Api], settings: Settings, web: Site
) -> None:
    strict = Strict(2)
    target = web.route("/target", strict)
    hop = f"/hop?{target}"
    web.route("/hop", lambda wire, request: wire.redirect(f"{target}?{time.monotonic_ns()}"))
    hops = [web.url(hop, address=f"127.0.1.{number}") for number in range(1, 30)]
    told = results(make_api(replace(settings, host_concurrency=2)), hops)
    assert all(each["success"] for each in told)
    assert strict.peak <= 2
