"""Whole fetches: what a target is sent, where a chain may lead, and what comes back as a Page."""

from __future__ import annotations

import errno
import http.client
import inspect
import os
import resource
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from urllib.parse import quote

import brotli
import pytest
import requests
import urllib3

from app.deadline import Deadline
from app.errors import (
    OWN_ERRORS,
    TargetError,
    TargetNotAllowed,
    TargetTimeout,
    TargetUnreachable,
    TooManyRedirects,
    UnsupportedContent,
)
from app.fetch import Fetcher, Resolver, parse_url
from app.fetch.body import ERROR_BODY, SNIFF
from app.fetch.fetcher import translated
from app.fetch.headers import MAX_FIELD
from app.page import Page
from tests.fetch.conftest import CANARY, Fetch
from tests.hostile import LIMIT, PAGE
from tests.site import Names, Request, Site, Wire

NewFetcher = Callable[..., Fetcher]


# What a target is sent ------------------------------------------------------------------------------------------------


def test_a_request_says_who_asks_and_what_for(web: Site, fetch: Fetch) -> None:
    fetch(web.page("/a", "hello"))
    assert web.requests[0].headers == {
        "host": f"127.0.0.1:{web.port}",
        "user-agent": "Pagecard-test",
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "accept-language": "en",
        "accept-encoding": "gzip, deflate, br",
        "connection": "close",
    }


@pytest.mark.parametrize(
    "target",
    ["/", "/?", "/a%2Fb%2fc", "/caf%C3%A9", "/100%", "/?a[]=1&b={c}|d'e", "/a;b=c,d:e@f!$&'()*+", "//a", "/~%7E"],
)
def test_the_request_target_is_that_of_the_url_byte_for_byte(web: Site, fetch: Fetch, target: str) -> None:
    fetch(web.url(target))
    assert web.requests[0].raw.startswith(f"GET {target} HTTP/1.1\r\n".encode())


def test_a_fragment_is_not_sent(web: Site, fetch: Fetch) -> None:
    fetch(web.page("/a", "hello") + "#part")
    assert web.requests[0].target == "/a"


def test_a_caller_may_say_otherwise(web: Site, fetch: Fetch) -> None:
    fetch(web.page("/a", "hello"), headers={"user-agent": "Mine", "X-Own": "1", "Cookie": "a=b"}, accept="text/css")
    sent = web.requests[0].headers
    assert (sent["user-agent"], sent["x-own"], sent["cookie"], sent["accept"]) == ("Mine", "1", "a=b", "text/css")
    assert web.requests[0].raw.lower().count(b"user-agent:") == 1


def test_a_caller_header_that_would_split_the_request_is_never_sent(web: Site, fetch: Fetch) -> None:
    with pytest.raises(TargetError):
        fetch(web.page("/a", "hello"), headers={"X-A": "b\r\nX-Injected: c"})
    assert web.requests == []


# Redirects ------------------------------------------------------------------------------------------------------------


def test_the_page_knows_where_it_was_asked_and_where_it_was_found(web: Site, fetch: Fetch) -> None:
    found = web.page("/found", "hello", address="127.0.0.2")
    asked = web.route("/asked", lambda wire, request: wire.redirect(found + "#part"))
    page = fetch(asked)
    assert (page.url, page.final_url, page.status, page.body) == (asked, found, 200, b"hello")


@pytest.mark.parametrize("letter", "à\N{LATIN CAPITAL LETTER A WITH RING ABOVE}Šрم堅")
def test_a_location_keeps_its_last_letter(web: Site, fetch: Fetch, letter: str) -> None:
    fetch(web.route("/a", lambda wire, request: wire.redirect(f"/c/{letter}".encode().decode("latin-1"))))
    assert web.requests[1].target == f"/c/{quote(letter)}"


def test_a_redirect_is_asked_for_again_with_get_and_without_a_referer(web: Site, fetch: Fetch) -> None:
    web.page("/b", "hello")
    fetch(web.route("/a", lambda wire, request: wire.redirect("/b", status="307 Temporary Redirect")))
    assert web.requests[1].method == "GET"
    assert "referer" not in web.requests[1].headers


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_a_callers_headers_stay_with_their_origin(web: Site, fetch: Fetch, address: str) -> None:
    other = Site(port=0 if address == "127.0.0.1" else web.port, address=address)  # another port, another host
    target = other.page("/b", "hello", address=address)
    secrets = {"Authorization": "Bearer abc", "Cookie": "session=1", "X-Api-Key": "abc"}
    fetch(web.route("/a", lambda wire, request: wire.redirect(target)), headers=secrets)
    sent = other.requests[0].headers
    assert not {name.lower() for name in secrets} & set(sent)
    assert "abc" not in str(sent)
    other.close()


def test_a_callers_headers_go_along_within_their_origin(web: Site, fetch: Fetch) -> None:
    web.page("/b", "hello")
    fetch(web.route("/a", lambda wire, request: wire.redirect("/b")), headers={"X-Api-Key": "abc"})
    assert web.requests[1].headers["x-api-key"] == "abc"


def test_a_callers_headers_do_not_come_back_with_a_chain_that_left(web: Site, fetch: Fetch) -> None:
    home = web.page("/c", "hello")
    away = web.route("/b", lambda wire, request: wire.redirect(home), address="127.0.0.2")
    fetch(web.route("/a", lambda wire, request: wire.redirect(away)), headers={"X-Api-Key": "abc"})
    assert ["x-api-key" in request.headers for request in web.requests] == [True, False, False]


CALLERS = {
    "User-Agent": "Mine",
    "accept-language": "de",
    "X-Api-Key": "abc",
    "Authorization": "Basic x",
    "Cookie": "a=b",
}


@pytest.mark.parametrize(
    ("hosts", "kept"),
    [
        (["www.site.example"], True),
        (["www.site.example", "site.example"], True),
        (["other.example"], False),
        (["sub.site.example"], False),
        (["other.example", "site.example"], False),
    ],
)
def test_a_callers_name_and_language_go_along_within_the_site(
    web: Site, new_fetcher: NewFetcher, hosts: list[str], kept: bool
) -> None:
    names = Names({host: ["127.0.0.1"] for host in ("site.example", *hosts)})
    targets = [web.url(f"/{number}", host=host) for number, host in enumerate(hosts)]
    for number, target in enumerate(targets[1:]):
        web.route(f"/{number}", lambda wire, request, target=target: wire.redirect(target))  # type: ignore[misc]
    web.page(f"/{len(hosts) - 1}", "hello")
    web.route("/a", lambda wire, request: wire.redirect(targets[0]))
    fetcher = new_fetcher(resolver=Resolver(names, pool_size=1))
    fetcher.fetch(parse_url(web.url("/a", host="site.example")), Deadline.after(30), headers=CALLERS)
    sent = web.requests[-1].headers
    assert (sent["user-agent"], sent["accept-language"]) == (("Mine", "de") if kept else ("Pagecard-test", "en"))
    assert not {"x-api-key", "authorization", "cookie"} & set(sent)


def test_a_scheme_is_part_of_an_origin(web: Site, tls_web: Site, new_fetcher: NewFetcher, ca_bundle: object) -> None:
    target = tls_web.page("/b", "hello")
    asked = web.route("/a", lambda wire, request: wire.redirect(target))
    fetcher = new_fetcher(ca_bundle=ca_bundle)
    fetcher.fetch(parse_url(asked), Deadline.after(30), headers={"X-Api-Key": "abc"})
    assert "x-api-key" not in tls_web.requests[0].headers


def test_the_body_of_a_redirect_is_not_read(web: Site, fetch: Fetch) -> None:
    def never_ends(wire: Wire, request: Request) -> None:
        wire.head("302 Found", "Location: /b", "Content-Length: 1000000")
        wire.forever(b"a", every=0.05)

    web.page("/b", "hello")
    assert fetch(web.route("/a", never_ends)).body == b"hello"


@pytest.mark.parametrize("address", [CANARY])
def test_a_redirect_to_what_is_refused_reaches_nobody(
    hostile_web: Site, canary: Site, fetch: Fetch, address: str
) -> None:
    asked = hostile_web.route("/to-canary", lambda wire, request: wire.redirect(f"http://{address}:{wire.port}/"))
    with pytest.raises(TargetNotAllowed):
        fetch(asked)


def test_a_redirect_is_looked_up_and_judged_like_a_first_url(web: Site, new_fetcher: NewFetcher) -> None:
    names = Names({"inner.example": ["10.0.0.1"]})
    fetcher = new_fetcher(resolver=Resolver(names, pool_size=1))
    with pytest.raises(TargetNotAllowed):
        fetcher.fetch(
            parse_url(web.route("/a", lambda wire, request: wire.redirect("http://inner.example/"))), Deadline.after(30)
        )
    assert names.asked == ["inner.example"]


def test_one_deadline_lies_over_the_whole_chain(web: Site, fetch: Fetch) -> None:
    def slowly(wire: Wire, request: Request) -> None:
        wire.pause(0.4)
        wire.redirect(f"/a?{len(web.requests)}")

    started = time.monotonic()
    with pytest.raises(TargetTimeout):
        fetch(web.route("/a", slowly), 1.0)
    assert time.monotonic() - started < 5.0


def test_a_fetch_has_a_timeout_of_its_own_within_a_longer_deadline(web: Site, new_fetcher: NewFetcher) -> None:
    started = time.monotonic()
    with pytest.raises(TargetTimeout):
        new_fetcher(timeout=0.4).fetch(parse_url(web.page("/", "late", latency=30.0)), Deadline.after(60.0))
    assert time.monotonic() - started < 5.0


# Cookies --------------------------------------------------------------------------------------------------------------


def cookie_of(request: Request) -> str | None:
    return request.headers.get("cookie")


def test_cookies_live_within_a_chain_and_not_after_it(web: Site, fetch: Fetch) -> None:
    web.page("/b", "hello")
    asked = web.route("/a", lambda wire, request: wire.redirect("/b", "Set-Cookie: seen=1; Path=/"))
    fetch(asked)
    fetch(asked)
    assert [cookie_of(request) for request in web.requests] == [None, "seen=1", None, "seen=1"]


def test_cookies_do_not_go_to_another_host(web: Site, fetch: Fetch) -> None:
    target = web.page("/b", "hello", address="127.0.0.2")
    fetch(web.route("/a", lambda wire, request: wire.redirect(target, "Set-Cookie: seen=1; Path=/")))
    assert cookie_of(web.requests[1]) is None


def test_a_chains_cookies_join_the_callers(web: Site, fetch: Fetch) -> None:
    web.page("/b", "hello")
    asked = web.route("/a", lambda wire, request: wire.redirect("/b", "Set-Cookie: seen=1; Path=/"))
    fetch(asked, headers={"Cookie": "own=2"})
    assert cookie_of(web.requests[1]) == "own=2; seen=1"


def test_more_cookies_than_a_server_would_take_are_not_sent(web: Site, fetch: Fetch) -> None:
    web.page("/b", "hello")
    cookies = [f"Set-Cookie: c{number}={'v' * 4_000}; Path=/" for number in range(10)]
    fetch(web.route("/a", lambda wire, request: wire.redirect("/b", *cookies)))
    assert cookie_of(web.requests[1]) is None


# Refreshes ------------------------------------------------------------------------------------------------------------


def sends_on(page: Page) -> str | None:
    """A reader of pages whose whole body is the URL to go on to."""
    return page.body.decode() or None


def test_a_refresh_is_a_hop_of_the_chain(web: Site, fetch: Fetch) -> None:
    def first(wire: Wire, request: Request) -> None:
        wire.answer(b"b", "Set-Cookie: gate=1; Path=/")

    web.page("/b", "/c")
    web.page("/c", "")
    asked = web.route("/a", first)
    page = fetch(asked, refresh=sends_on)
    assert (page.url, page.final_url) == (asked, web.url("/c"))
    assert [cookie_of(request) for request in web.requests] == [None, "gate=1", "gate=1"]


def test_a_refresh_to_itself_is_followed_once_a_cookie_was_set(web: Site, fetch: Fetch) -> None:
    def gate(wire: Wire, request: Request) -> None:
        passed = "gate=1" in (cookie_of(request) or "")
        wire.answer(b"" if passed else b"/a", "Set-Cookie: gate=1")

    assert fetch(web.route("/a", gate), refresh=sends_on).body == b""
    assert len(web.requests) == 2


def test_a_page_that_renews_itself_is_read(web: Site, fetch: Fetch) -> None:
    assert fetch(web.page("/a", "/a#top"), refresh=sends_on).body == b"/a#top"
    assert len(web.requests) == 1


def test_refreshes_in_a_circle_are_too_many(web: Site, fetch: Fetch) -> None:
    web.page("/b", "/a")
    with pytest.raises(TooManyRedirects):
        fetch(web.page("/a", "/b"), refresh=sends_on)


def test_refreshes_count_as_hops(web: Site, new_fetcher: NewFetcher) -> None:
    for number in range(4):
        web.page(f"/{number}", f"/{number + 1}" if number < 3 else "")
    for allowed in (2, 3):
        fetcher = new_fetcher(max_redirects=allowed)
        with nullcontext() if allowed == 3 else pytest.raises(TooManyRedirects):
            fetcher.fetch(parse_url(web.url("/0")), Deadline.after(30), refresh=sends_on)


@pytest.mark.parametrize("target", ["javascript:alert(1)", "http://a b/", "mailto:a@b.example"])
def test_a_refresh_that_leads_nowhere_leaves_the_page(web: Site, fetch: Fetch, target: str) -> None:
    assert fetch(web.page("/a", target), refresh=sends_on).body == target.encode()


def test_a_refresh_passes_the_same_gate(hostile_web: Site, canary: Site, web: Site, fetch: Fetch) -> None:
    with pytest.raises(TargetNotAllowed):
        fetch(web.page("/a", canary.url("/", address=CANARY)), refresh=sends_on)


@pytest.mark.parametrize(
    "location",
    [
        "http:\\\\{}\\",
        "///{}/",
        "/\\{}/",
        "\\\\{}",
        "http:///{}/",
        "ht\ttp://{}/",
        "http://{}\\@example.com/",
        "//{}#@a.example",
    ],
)
@pytest.mark.parametrize("by", ["Location", "refresh"])
def test_no_spelling_of_a_redirect_passes_the_gate(
    hostile_web: Site, canary: Site, web: Site, fetch: Fetch, location: str, by: str
) -> None:
    target = location.format(f"{CANARY}:{canary.port}")
    asked = web.route("/a", lambda wire, request: wire.redirect(target)) if by == "Location" else web.page("/a", target)
    with pytest.raises(TargetNotAllowed) as refused:
        fetch(asked, refresh=sends_on)
    assert refused.value.details == {"reason": "address"}


def test_a_callers_headers_do_not_go_along_with_a_refresh_to_another_origin(web: Site, fetch: Fetch) -> None:
    target = web.page("/b", "", address="127.0.0.2")
    fetch(web.page("/a", target), headers={"X-Api-Key": "abc"}, refresh=sends_on)
    assert ["x-api-key" in request.headers for request in web.requests] == [True, False]


# Pages ----------------------------------------------------------------------------------------------------------------


def test_a_page_has_its_headers_by_lower_case_names(web: Site, fetch: Fetch) -> None:
    page = fetch(web.page("/", "x", headers=[("X-One", "1"), ("x-many", "a"), ("X-MANY", "b")]))
    assert (page.headers["x-one"], page.headers["x-many"]) == ("1", "a, b")
    assert page.content_type == "text/html; charset=utf-8"


def test_a_field_is_kept_up_to_a_limit(web: Site, fetch: Fetch) -> None:
    long = "text/html; charset=" + " " * 60_000 + ";"
    page = fetch(web.page("/", "x", content_type=long, headers=[("X-Long", "a" * 9_000), ("X-Long", "b")]))
    assert (page.content_type, page.headers["x-long"]) == (long[:MAX_FIELD], "a" * MAX_FIELD)


def test_a_location_is_kept_whole(web: Site, fetch: Fetch) -> None:
    target = "/" + "\xc3\xa9" * 5_000
    fetch(web.route("/a", lambda wire, request: wire.redirect(target)))
    assert web.requests[1].target == "/" + "%C3%A9" * 5_000


@pytest.mark.parametrize(
    "status", ["200 OK", "203 Non-Authoritative", "404 Not Found", "500 Oops", "418 Teapot", "204 None"]
)
def test_a_page_is_brought_whatever_its_status(web: Site, fetch: Fetch, status: str) -> None:
    page = fetch(web.page("/", "x" if status[0] != "2" or status[:3] == "200" else "", status=status))
    assert page.status == int(status[:3])


@pytest.mark.parametrize(("size", "truncated"), [(LIMIT - 1, False), (LIMIT, False), (LIMIT + 1, True)])
def test_a_page_is_read_up_to_the_limit(web: Site, fetch: Fetch, size: int, truncated: bool) -> None:
    page = fetch(web.page("/", b"a" * size))
    assert (len(page.body), page.truncated, page.length) == (min(size, LIMIT), truncated, size)


@pytest.mark.parametrize("coding", ["deflate", "br"])
@pytest.mark.parametrize(("size", "truncated"), [(LIMIT - 1, False), (LIMIT, False), (LIMIT + 1, True)])
def test_the_limit_is_of_decoded_bytes(web: Site, fetch: Fetch, coding: str, size: int, truncated: bool) -> None:
    encode = zlib.compress if coding == "deflate" else brotli.compress
    page = fetch(web.page("/", encode(b"a" * size), headers={"Content-Encoding": coding}))
    assert (len(page.body), page.truncated) == (min(size, LIMIT), truncated)


@pytest.mark.parametrize(
    "type_",
    ["image/png", "IMAGE/SVG+XML", "video/mp4", "audio/ogg", "application/pdf", "font/woff2", "application/zip"],
)
def test_of_a_file_that_is_no_text_nothing_is_read(web: Site, fetch: Fetch, type_: str) -> None:
    page = fetch(web.page("/", b"%PDF-" + b"a" * 100_000, content_type=type_))
    assert (page.body, page.truncated, page.length) == (b"", True, 100_005)


def test_a_file_has_its_page_though_it_never_comes(web: Site, fetch: Fetch) -> None:
    def never_comes(wire: Wire, request: Request) -> None:
        wire.head("200 OK", "Content-Type: video/mp4", "Content-Length: 1000000000")
        wire.silence()

    assert fetch(web.route("/", never_comes)).length == 1_000_000_000


@pytest.mark.parametrize(
    "type_",
    [
        "text/html",
        "application/xhtml+xml",
        "text/plain",
        "application/json",
        "application/octet-stream",
        "",
        "nonsense",
        "application/ld+json; charset=x",
        "application/json+oembed",
    ],
)
def test_what_may_be_text_is_read_whole(web: Site, fetch: Fetch, type_: str) -> None:
    assert len(fetch(web.page("/", b"a" * 100_000, content_type=type_)).body) == 100_000


UNTOLD = ["text/plain", "application/octet-stream", "binary/octet-stream", "application/x-unknown-content-type", ""]


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n\0", b"%PDF-1.7\n", b"text at first" * 9 + b"\x01"])
@pytest.mark.parametrize("type_", UNTOLD)
def test_what_says_nothing_of_itself_and_is_binary_is_not_kept_whole(
    web: Site, fetch: Fetch, type_: str, start: bytes
) -> None:
    page = fetch(web.page("/", start + b"a" * 100_000, content_type=type_))
    assert (page.body, page.truncated) == ((start + b"a" * SNIFF)[:SNIFF], True)


@pytest.mark.parametrize("start", [b"<!doctype html>", b"\xff\xfe<\0h\0", b"\xfe\xff\0<\0h", b"a" * SNIFF + b"\0"])
@pytest.mark.parametrize("type_", UNTOLD)
def test_what_says_nothing_of_itself_and_begins_as_text_is_read_whole(
    web: Site, fetch: Fetch, type_: str, start: bytes
) -> None:
    assert len(fetch(web.page("/", start + b"a" * 100_000, content_type=type_)).body) == len(start) + 100_000


def test_of_a_failure_no_more_is_read_than_a_challenge_needs(web: Site, fetch: Fetch) -> None:
    assert len(fetch(web.page("/", b"a" * 200_000, status="403 Forbidden")).body) == ERROR_BODY


def test_the_length_of_a_page_that_declares_none_is_what_came(web: Site, fetch: Fetch) -> None:
    def undeclared(wire: Wire, request: Request) -> None:
        wire.head("200 OK", "Content-Type: text/html")
        wire.send(PAGE)

    assert fetch(web.route("/", undeclared)).length == len(PAGE)


def test_an_unknown_coding_is_refused_and_said(web: Site, fetch: Fetch) -> None:
    with pytest.raises(UnsupportedContent) as refused:
        fetch(web.page("/", b"\x1f\x9d\x90" + PAGE, headers={"Content-Encoding": "compress"}))
    assert "gzip, deflate, br" in refused.value.message


# Webhooks -------------------------------------------------------------------------------------------------------------


def test_a_webhook_is_posted_as_it_is(web: Site, new_fetcher: NewFetcher) -> None:
    url = parse_url(web.page("/hook", "thanks", status="202 Accepted"))
    page = new_fetcher().post(
        url, b'{"a": 1}', {"Content-Type": "application/json", "webhook-id": "x"}, Deadline.after(30)
    )
    assert (page.status, page.body) == (202, b"thanks")
    sent = web.requests[0]
    assert (sent.method, sent.body, sent.headers["content-type"], sent.headers["webhook-id"]) == (
        "POST",
        b'{"a": 1}',
        "application/json",
        "x",
    )


def test_a_webhook_follows_no_redirect(web: Site, new_fetcher: NewFetcher) -> None:
    url = parse_url(web.route("/hook", lambda wire, request: wire.redirect("/other")))
    assert new_fetcher().post(url, b"{}", {}, Deadline.after(30)).status == 302
    assert len(web.requests) == 1


def test_a_webhook_passes_the_same_gate(hostile_web: Site, canary: Site, new_fetcher: NewFetcher) -> None:
    with pytest.raises(TargetNotAllowed):
        new_fetcher().post(parse_url(canary.url("/", address=CANARY)), b"{}", {}, Deadline.after(30))


# Reasons --------------------------------------------------------------------------------------------------------------


def reset(wire: Wire, request: Request) -> None:
    wire.reset()


@pytest.mark.parametrize(
    ("send", "reason", "retryable"),
    [
        (reset, "reset", True),
        (lambda wire, request: wire.send(b"nonsense\r\n"), "malformed_response", False),
        (lambda wire, request: wire.redirect("http://:80"), "bad_redirect", False),
        (lambda wire, request: wire.redirect("/a", "Location: /b"), "bad_redirect", False),
        (lambda wire, request: wire.head("200 OK", "Content-Length: 9"), "reset", True),
    ],
)
def test_an_unreachable_target_is_told_with_its_reason(
    web: Site, fetch: Fetch, send: Callable[[Wire, Request], None], reason: str, retryable: bool
) -> None:
    with pytest.raises(TargetUnreachable) as failure:
        fetch(web.route("/", send))
    assert (failure.value.details, failure.value.retryable) == ({"reason": reason}, retryable)


@pytest.mark.parametrize(("host", "reason"), [("missing.example", "dns"), ("refused.example", "refused")])
def test_a_name_without_a_listener_is_told_with_its_reason(new_fetcher: NewFetcher, host: str, reason: str) -> None:
    fetcher = new_fetcher(resolver=Resolver(Names({"refused.example": ["127.0.0.9"]}), pool_size=1))
    with pytest.raises(TargetUnreachable) as failure:
        fetcher.fetch(parse_url(f"http://{host}:8080/"), Deadline.after(30))
    assert failure.value.details == {"reason": reason}


@pytest.mark.parametrize("after_head", [False, True])
def test_a_timeout_tells_where_the_time_went(web: Site, fetch: Fetch, after_head: bool) -> None:
    def route(wire: Wire, request: Request) -> None:
        if after_head:
            wire.head("200 OK", "Content-Type: text/html")
        wire.silence()

    with pytest.raises(TargetTimeout) as failure:
        fetch(web.route("/", route), 0.5)
    assert failure.value.details == {"reason": "body" if after_head else "headers"}


# What is left, and what is said ---------------------------------------------------------------------------------------


def test_a_fetch_leaves_no_connection_and_no_thread_behind(web: Site, fetch: Fetch) -> None:
    url = web.page("/", PAGE, headers={"Connection": "keep-alive"})
    fetch(url)
    before = threading.active_count()
    for _ in range(10):
        fetch(url)
    assert web.wait_until_idle()
    assert threading.active_count() <= before


def test_a_deadline_that_is_called_off_ends_a_fetch(web: Site, new_fetcher: NewFetcher) -> None:
    deadline = Deadline.after(60.0)
    threading.Timer(0.2, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(TargetTimeout):
        new_fetcher(timeout=60.0).fetch(parse_url(web.page("/", "late", latency=30.0)), deadline)
    assert time.monotonic() - started < 5.0
    assert web.wait_until_idle()


def test_a_failure_shows_no_address_no_library_and_no_path(web: Site, new_fetcher: NewFetcher) -> None:
    names = Names({"refused.example": ["127.0.0.9"], "private.example": ["10.9.8.7"], "missing.example": []})
    fetcher = new_fetcher(resolver=Resolver(names, pool_size=1))
    for host in ("refused.example", "private.example", "missing.example", "unknown.example"):
        with pytest.raises(TargetError) as failure:
            fetcher.fetch(parse_url(f"http://{host}:{web.port}/"), Deadline.after(30))
        said = f"{failure.value.message} {failure.value.details} {failure.value.reason}"
        assert not any(word in said for word in ("127.", "10.9", "urllib3", "requests", "/", "Errno", "socket"))


def exceptions_of(*modules: object) -> list[type[Exception]]:
    found = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Exception) and not issubclass(each, Warning)
    }
    return sorted(found, key=lambda each: each.__name__)


LAYERS = exceptions_of(requests.exceptions, urllib3.exceptions, http.client, ssl)


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_layers_below_has_a_translation(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    with pytest.raises(TargetError), translated():
        raise error


@pytest.mark.parametrize(
    ("error", "translation", "reason"),
    [
        (ssl.SSLCertVerificationError("x"), TargetUnreachable, "certificate"),
        (ssl.SSLError("x"), TargetUnreachable, "tls"),
        (TimeoutError("x"), TargetTimeout, "connect"),
        (http.client.BadStatusLine("x"), TargetUnreachable, "malformed_response"),
        (ConnectionResetError("x"), TargetUnreachable, "reset"),
        (TooManyRedirects(reason="loop"), TooManyRedirects, "loop"),
    ],
)
def test_a_translation_says_which_layer_it_was(error: Exception, translation: type[TargetError], reason: str) -> None:
    with pytest.raises(translation) as failure, translated():
        raise error
    assert failure.value.reason == reason


# Want of our own ------------------------------------------------------------------------------------------------------


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Leave this process without a free file descriptor."""
    lowest = os.dup(0)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_want_of_descriptors_is_not_the_fault_of_the_target(web: Site, fetch: Fetch) -> None:
    url = web.page("/a", "hello")
    with no_descriptor_left(), pytest.raises(OSError) as raised:
        fetch(url)
    assert raised.value.errno == errno.EMFILE
    assert fetch(url).status == 200


@pytest.mark.parametrize("number", sorted(OWN_ERRORS))
def test_an_error_of_this_host_is_not_the_fault_of_the_target(
    web: Site, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: number)
    with pytest.raises(OSError) as raised:
        fetch(web.page("/a", "hello"))
    assert raised.value.errno == number
