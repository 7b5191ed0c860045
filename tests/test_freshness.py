"""Freshness: the origin's word on lifetimes, conditional refreshes, and refreshes behind an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from app.deadline import Deadline
from app.extractor import Extractor, Options, Parts, recall
from app.extractor.freshness import LEAST_LIFETIME, decode_validators, encode_validators, limit_lifetime, read_lifetime
from app.fetch import Fetcher, Resolver, TargetPolicy, parse_url
from app.networks import parse_networks
from app.page import Page, Validators
from app.results import Failure, Outcome, Success
from app.storage.cache import Cache
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.stores import SqlStore
from tests.site import Names, Request, Site, Wire

DATE = "Tue, 01 Dec 2026 10:00:00 GMT"
LATER = "Tue, 01 Dec 2026 10:05:00 GMT"


def page(**headers: str) -> Page:
    return Page("https://a.example/", "https://a.example/", 200, "text/html", b"a", headers=headers)


def titled(title: str) -> bytes:
    return f"<title>{title}</title>".encode()


# The origin's word (RFC 9111, section 4.2) ----------------------------------------------------------------------------

LIFETIMES: list[tuple[dict[str, str], float | None]] = [
    ({}, None),
    ({"cache-control": "public"}, None),
    ({"cache-control": "max-age=300"}, 300),
    ({"cache-control": 'public, MAX-AGE="300"'}, 300),
    ({"cache-control": "max-age=300, s-maxage=20"}, 20),
    ({"cache-control": "max-age=300, max-age=5"}, 300),
    ({"cache-control": "max-age=300", "age": "100"}, 200),
    ({"cache-control": "max-age=300", "age": "400"}, 0),
    ({"cache-control": "max-age=300", "age": "soon"}, 300),
    ({"cache-control": "max-age=300", "expires": "0"}, 300),
    ({"cache-control": "no-store"}, 0),
    ({"cache-control": "max-age=300, No-Cache"}, 0),
    ({"cache-control": "max-age=-1"}, None),
    ({"cache-control": "max-age=soon", "expires": "0"}, 0),
    ({"cache-control": "max-age=" + "9" * 4_000}, 999_999_999),
    ({"expires": LATER, "date": DATE}, 300),
    ({"expires": DATE, "date": LATER}, 0),
    ({"expires": "-1"}, 0),
    ({"expires": ""}, 0),
]


@pytest.mark.parametrize(("headers", "seconds"), LIFETIMES)
def test_the_lifetime_that_an_origin_allows(headers: dict[str, str], seconds: float | None) -> None:
    assert read_lifetime(headers) == seconds


def test_expires_without_a_date_counts_from_now() -> None:
    told = read_lifetime({"expires": formatdate(time.time() + 100, usegmt=True)})
    assert told is not None
    assert 95 < told <= 100


@pytest.mark.parametrize(
    ("cache_control", "most", "seconds"),
    [
        ("", 3_600, 3_600),
        ("max-age=600", 3_600, 600),
        ("max-age=86400", 3_600, 3_600),
        ("no-store", 3_600, LEAST_LIFETIME),
        ("max-age=1", 3_600, LEAST_LIFETIME),
        ("no-store", 5, 5),
        ("max-age=600", 0, 0),
    ],
)
def test_an_origin_shortens_our_lifetime_to_a_minute_at_least(cache_control: str, most: float, seconds: float) -> None:
    assert limit_lifetime(page(**{"cache-control": cache_control}), most) == seconds


# Validators -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "etag", "modified"),
    [
        ({"etag": '"a"'}, '"a"', ""),
        ({"etag": 'W/"a b"', "last-modified": DATE}, 'W/"a b"', DATE),
        ({"last-modified": DATE}, "", DATE),
        ({"etag": '"' + "a" * 1_000 + '"', "last-modified": DATE}, "", DATE),
        ({"etag": '"a\x01b"', "last-modified": DATE}, "", DATE),
    ],
)
def test_validators_are_kept_as_they_were_sent(headers: dict[str, str], etag: str, modified: str) -> None:
    assert decode_validators(encode_validators(page(**headers))) == Validators("https://a.example/", etag, modified)


@pytest.mark.parametrize("headers", [{}, {"etag": ""}, {"etag": "\x7f"}])
def test_a_page_without_validators_has_none(headers: dict[str, str]) -> None:
    assert encode_validators(page(**headers)) == b""


def test_a_page_that_broke_off_is_read_anew() -> None:
    assert encode_validators(replace(page(etag='"a"'), broken=True)) == b""


def test_a_page_that_another_version_read_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = encode_validators(page(etag='"a"'))
    monkeypatch.setattr("app.extractor.freshness._VERSION", "0")
    assert decode_validators(kept) is None


# Refreshes ------------------------------------------------------------------------------------------------------------


class Origin:
    """A page with validators. `unchanged` counts the answers 304."""

    def __init__(self, web: Site) -> None:
        self.web = web
        self.url = web.route("/a", self)
        self.title, self.fields, self.status = "A", ['ETag: "1"', f"Last-Modified: {DATE}"], "200 OK"
        self.confirms = ["Cache-Control: max-age=600"]
        self.unchanged = 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self, wire: Wire, request: Request) -> None:
        self.go.wait(10)
        if f"ETag: {request.headers.get('if-none-match')}" in self.fields:
            self.unchanged += 1
            wire.head("304 Not Modified", *self.confirms)
        else:
            wire.answer(titled(self.title), *self.fields, status=self.status)

    @property
    def asked(self) -> list[tuple[str | None, str | None]]:
        """The conditions of each request."""
        received = [each for each in self.web.requests if each.path == "/a"]
        return [(each.headers.get("if-none-match"), each.headers.get("if-modified-since")) for each in received]


@pytest.fixture
def origin(web: Site) -> Origin:
    return Origin(web)


@pytest.fixture
def extractor(tmp_path: Path) -> Iterator[Extractor]:
    database = Database(f"sqlite:///{tmp_path / 'shared.sqlite3'}")
    database.create_shared()
    fetcher = Fetcher(
        policy=TargetPolicy(allow=parse_networks("127.0.0.0/8")),
        resolver=Resolver(Names({}), pool_size=1),
        max_bytes=2**20,
        timeout=10.0,
        user_agent="Pagecard-test",
        accept_language="en",
    )
    cache = Cache(
        SqlStore(database, size=100),
        recall,
        size=100,
        generations=Generations(tmp_path / "generations"),
        turns=tmp_path / "turns",
    )
    yield Extractor(
        cache=cache,
        parts=Parts(fetcher.fetch, fetcher.fetch, 2**20),  # type: ignore[arg-type]
        cache_ttl=3_600,
        failure_ttl=30,
        stale_ttl=60,
    )
    database.engine.dispose()


def ask(extractor: Extractor, url: str, **options: Any) -> Success:
    outcome: Outcome = extractor.extract(parse_url(url), Options(**options), Deadline.after(10))
    assert isinstance(outcome, Success), outcome
    return outcome


CONDITIONS = ('"1"', DATE)


@pytest.mark.parametrize("refresh", [{"max_age": 0}, {"fresh": True}])
def test_a_refresh_asks_whether_the_page_changed(extractor: Extractor, origin: Origin, refresh: dict[str, Any]) -> None:
    first, second = ask(extractor, origin.url), ask(extractor, origin.url, **refresh)
    assert (origin.asked, origin.unchanged) == ([(None, None), CONDITIONS], 1)
    assert (second.data, second.http_status, second.cache_hit, second.stale) == (first.data, 200, False, False)
    assert second.fetched_at > first.fetched_at


def test_a_confirmation_renews_the_card_again_and_again(extractor: Extractor, origin: Origin) -> None:
    for _ in range(4):
        ask(extractor, origin.url, fresh=True)
    assert (origin.asked, origin.unchanged) == ([(None, None), *[CONDITIONS] * 3], 3)
    assert ask(extractor, origin.url).cache_hit


def test_a_page_that_changed_is_read(extractor: Extractor, origin: Origin) -> None:
    ask(extractor, origin.url)
    origin.title, origin.fields = "B", ['ETag: "2"']
    assert b'"title":"B"' in ask(extractor, origin.url, fresh=True).data
    ask(extractor, origin.url, fresh=True)
    assert origin.asked[1:] == [CONDITIONS, ('"2"', None)]


def test_a_confirmation_may_bring_a_lifetime_and_else_leaves_it(extractor: Extractor, origin: Origin) -> None:
    first = ask(extractor, origin.url)
    second = ask(extractor, origin.url, fresh=True)
    origin.confirms = []
    third = ask(extractor, origin.url, fresh=True)
    lifetimes = [round(each.expires_at - each.fetched_at) for each in (first, second, third)]
    assert lifetimes == [3_600, 600, 600]


def test_a_failed_refresh_leaves_the_validators(extractor: Extractor, origin: Origin) -> None:
    ask(extractor, origin.url)
    origin.fields, origin.status = [], "503 Unavailable"
    assert ask(extractor, origin.url, max_age=0).stale
    origin.fields, origin.status = ['ETag: "1"'], "200 OK"
    ask(extractor, origin.url, fresh=True)
    assert (origin.asked[-1], origin.unchanged) == (CONDITIONS, 1)


def test_only_the_page_itself_is_asked_with_its_validators(extractor: Extractor, origin: Origin) -> None:
    hop = origin.web.route("/hop", lambda wire, request: wire.redirect("/a", 'ETag: "1"'))
    for _ in range(2):
        ask(extractor, hop, fresh=True)
    assert (origin.asked, origin.unchanged) == ([(None, None), CONDITIONS], 1)
    assert not [each for each in origin.web.received("/hop") if "if-none-match" in each.headers]


def test_a_page_that_moved_is_read(extractor: Extractor, origin: Origin) -> None:
    ask(extractor, origin.url)
    origin.web.page("/b", "<title>B</title>", headers={"ETag": '"1"'})
    origin.web.route("/a", lambda wire, request: wire.redirect("/b"))
    assert b'"title":"B"' in ask(extractor, origin.url, fresh=True).data
    assert "if-none-match" not in origin.web.received("/b")[0].headers


def test_a_callers_own_conditions_stay(extractor: Extractor, origin: Origin) -> None:
    headers = (("If-None-Match", '"own"'),)
    for _ in range(2):
        ask(extractor, origin.url, fresh=True, headers=headers)
    assert origin.asked == [('"own"', None)] * 2


def test_a_confirmation_that_was_not_asked_for_is_a_failure(extractor: Extractor, web: Site) -> None:
    url = web.route("/a", lambda wire, request: wire.head("304 Not Modified", 'ETag: "1"'))
    outcome = extractor.extract(parse_url(url), Options(), Deadline.after(10))
    assert isinstance(outcome, Failure)
    assert outcome.error.details == {"http_status": 304}


@pytest.mark.parametrize(("field", "seconds"), [("no-store", 60), ("max-age=300", 300), ("max-age=99999", 3_600)])
def test_a_card_expires_with_its_page(extractor: Extractor, web: Site, field: str, seconds: int) -> None:
    url = web.page("/a", "<title>A</title>", headers={"Cache-Control": field})
    told = ask(extractor, url)
    assert round(told.expires_at - told.fetched_at) == seconds


# A card that is a little too old --------------------------------------------------------------------------------------


def look_up(extractor: Extractor, url: str, **options: Any) -> Success | None:
    found = extractor.look_up([url], Options(**options)).get(url)
    assert found is None or isinstance(found, Success)
    return found


def test_a_card_is_servable_for_max_stale_seconds_beyond_max_age(extractor: Extractor, origin: Origin) -> None:
    ask(extractor, origin.url)
    assert look_up(extractor, origin.url, max_age=0) is None
    told = look_up(extractor, origin.url, max_age=0, max_stale=60)
    assert told is not None
    assert (told.cache_hit, told.stale) == (True, True)
    fresh = look_up(extractor, origin.url, max_age=60, max_stale=60)
    assert fresh is not None
    assert not fresh.stale
    time.sleep(1.1)
    assert look_up(extractor, origin.url, max_age=0, max_stale=1) is None


def test_a_refresh_is_begun_once(extractor: Extractor, origin: Origin) -> None:
    target = parse_url(origin.url)
    end = extractor.begin_refresh(target, Options(), "a")
    assert end is not None
    assert extractor.begin_refresh(target, Options(), "b") is None
    end()
    assert extractor.begin_refresh(target, Options(), "b") is not None


def test_no_refresh_is_begun_a_moment_after_one_failed(extractor: Extractor, origin: Origin) -> None:
    target, options = parse_url(origin.url), Options(max_age=0, max_stale=600)
    ask(extractor, origin.url)
    origin.fields, origin.status = [], "503 Unavailable"
    assert ask(extractor, origin.url, max_age=0).stale
    assert extractor.begin_refresh(target, options, "a") is None
