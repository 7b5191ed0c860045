"""Connections: to judged addresses alone, under one deadline and one budget, with the name in the certificate."""

from __future__ import annotations

import gc
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from app.deadline import Deadline
from app.errors import TargetNotAllowed, TargetTimeout, TargetUnreachable
from app.fetch import Fetcher, Gate, Meter, Resolver, TargetPolicy, parse_proxy, parse_url
from app.fetch.sockets import OverBudget, dial, new_tls_context
from tests.certificates import Authority
from tests.fetch.conftest import CANARY, POLICY, Fetch
from tests.servers import until
from tests.site import Names, Port, Site, Wire, black_hole

NewFetcher = Callable[..., Fetcher]


@pytest.fixture
def port() -> Iterator[Port]:
    port = Port()
    yield port
    port.close()


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def gate(names: dict[str, Any], policy: TargetPolicy = POLICY) -> tuple[Gate, Names]:
    lookups = Names(names)
    return Gate(policy, Resolver(lookups, pool_size=1), new_tls_context()), lookups


def meter(seconds: float = 30.0, bytes_left: int = 1000) -> Meter:
    return Meter(Deadline.after(seconds), bytes_left)


# Dialling -------------------------------------------------------------------------------------------------------------


def test_an_address_that_refuses_is_followed_by_the_next(port: Port) -> None:
    with dial([ip_address("127.0.0.9"), ip_address("127.0.0.1")], port.port, meter()) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


def test_an_address_that_swallows_packets_does_not_cost_the_deadline() -> None:
    hole, filling = black_hole()
    address, number = hole.getsockname()
    answering = Port(address="127.0.0.2", port=number)
    started = time.monotonic()
    with dial([ip_address(address), ip_address("127.0.0.2")], number, meter(30.0)) as sock:
        assert sock.getpeername()[0] == "127.0.0.2"
    assert time.monotonic() - started < 8.0
    for each in (hole, *filling):
        each.close()
    answering.close()


def test_a_black_hole_is_left_at_the_deadline() -> None:
    hole, filling = black_hole()
    started = time.monotonic()
    with pytest.raises(TargetTimeout):
        dial([ip_address("127.0.0.1")], hole.getsockname()[1], meter(0.4))
    assert time.monotonic() - started < 5.0
    for each in (hole, *filling):
        each.close()


def test_where_every_address_refuses_the_target_is_unreachable() -> None:
    port = Port()
    port.close()
    with pytest.raises(TargetUnreachable):
        dial([ip_address("127.0.0.8"), ip_address("127.0.0.9")], port.port, meter())


def test_attempts_that_lost_are_closed(port: Port) -> None:
    before = open_files()
    for _ in range(5):
        dial([ip_address("127.0.0.9"), ip_address("127.0.0.1")], port.port, meter()).close()
    until(lambda: open_files() <= before)


# Sockets --------------------------------------------------------------------------------------------------------------


def test_a_read_ends_at_the_deadline_however_steadily_bytes_drip() -> None:
    dripping = Port(lambda wire: wire.forever(b"a", every=0.02))
    sock = dial([ip_address("127.0.0.1")], dripping.port, meter(0.5, 10_000))
    started = time.monotonic()
    with sock, sock.makefile("rb") as file, pytest.raises(TargetTimeout):
        file.read(10_000)
    assert time.monotonic() - started < 5.0
    dripping.close()


def test_a_deadline_that_is_called_off_ends_a_read(port: Port) -> None:
    deadline = Deadline.after(60.0)
    sock = dial([ip_address("127.0.0.1")], port.port, Meter(deadline))
    threading.Timer(0.2, deadline.cancel).start()
    started = time.monotonic()
    with sock, pytest.raises(TargetTimeout):
        sock.recv_into(bytearray(10))
    assert time.monotonic() - started < 5.0


def test_a_peer_that_does_not_read_holds_a_sender_no_longer_than_the_deadline() -> None:
    deaf = Port(lambda wire: time.sleep(3))
    with dial([ip_address("127.0.0.1")], deaf.port, meter(0.5)) as sock, pytest.raises(TargetTimeout):
        sock.sendall(bytes(50_000_000))
    deaf.close()


def test_the_byte_that_is_over_the_budget_is_an_error() -> None:
    ten = Port(lambda wire: wire.send(b"0123456789"))
    for budget, enough in ((10, True), (9, False)):
        with dial([ip_address("127.0.0.1")], ten.port, meter(30.0, budget)) as sock, sock.makefile("rb") as file:
            if enough:
                assert file.read() == b"0123456789"
            else:
                with pytest.raises(OverBudget):
                    file.read()
    ten.close()


# The gate -------------------------------------------------------------------------------------------------------------


def test_a_name_that_flips_is_asked_once_and_its_first_answer_is_used(port: Port) -> None:
    opened, names = gate({"flip.example": (["127.0.0.1"], [CANARY])})
    with opened.connect(parse_url(f"http://flip.example:{port.port}/"), meter()) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"
    assert names.asked == ["flip.example"]


def test_a_mixed_answer_is_refused_before_any_connect(port: Port) -> None:
    opened, _ = gate({"mixed.example": ["127.0.0.1", "10.0.0.1"]})
    with pytest.raises(TargetNotAllowed):
        opened.connect(parse_url(f"http://mixed.example:{port.port}/"), meter())
    assert port.connections == 0


def test_an_address_in_a_url_needs_no_lookup(port: Port) -> None:
    opened, names = gate({})
    opened.connect(parse_url(f"http://127.0.0.1:{port.port}/"), meter()).close()
    assert names.asked == []


@pytest.mark.parametrize(
    "url", ["http://localhost/", "http://a.internal/", "http://example.com:22/", "http://10.0.0.1/"]
)
def test_what_reading_the_url_can_refuse_is_refused_without_a_lookup(url: str) -> None:
    closed, names = gate({}, TargetPolicy())
    with pytest.raises(TargetNotAllowed):
        closed.connect(parse_url(url), meter())
    assert names.asked == []


def test_a_reserved_name_that_resolves_to_nothing_is_not_what_is_allowed() -> None:
    opened, lookups = gate({})
    with pytest.raises(TargetNotAllowed):
        opened.connect(parse_url("http://metadata.google.internal/"), meter())
    with pytest.raises(TargetUnreachable):
        opened.connect(parse_url("http://nothing.example.com/"), meter())
    assert lookups.asked == ["metadata.google.internal", "nothing.example.com"]


def test_a_peer_that_is_another_than_was_dialled_is_refused(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = gate({})
    monkeypatch.setattr("app.fetch.sockets.MeteredSocket.getpeername", lambda sock: ("10.0.0.1", 80))
    with pytest.raises(TargetNotAllowed):
        opened.connect(parse_url(f"http://127.0.0.1:{port.port}/"), meter())
    assert port.wait_until_idle()


# TLS ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_fetch(new_fetcher: NewFetcher, authority: Authority) -> Fetch:
    names = Names({"example.com": ["127.0.0.1"], "other.example": ["127.0.0.1"], "example.com.": ["127.0.0.1"]})
    fetcher = new_fetcher(ca_bundle=authority.bundle, resolver=Resolver(names, pool_size=1))
    return lambda url, seconds=30.0: fetcher.fetch(parse_url(url), Deadline.after(seconds))


def test_a_page_is_fetched_over_tls(tls_web: Site, tls_fetch: Fetch) -> None:
    page = tls_fetch(tls_web.page("/", "<title>over TLS</title>"))
    assert page.body == b"<title>over TLS</title>"
    assert tls_web.wait_until_idle()


def test_a_certificate_is_checked_against_the_name_and_the_host_field_keeps_it(tls_web: Site, tls_fetch: Fetch) -> None:
    tls_web.page("/", "by name")
    for host in ("example.com", "example.com."):
        assert tls_fetch(tls_web.url("/", host=host)).body == b"by name"
        assert tls_web.requests[-1].headers["host"] == f"{host}:{tls_web.port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.3"])
def test_a_certificate_for_another_host_is_refused(tls_web: Site, tls_fetch: Fetch, host: str) -> None:
    tls_web.listen("127.0.0.3")
    with pytest.raises(TargetUnreachable) as failure:
        tls_fetch(tls_web.url("/", host=host))
    assert failure.value.reason == "certificate"
    assert tls_web.requests == []


def test_a_certificate_that_has_expired_is_refused(authority: Authority, tls_fetch: Fetch) -> None:
    site = Site(tls=authority.server_context("127.0.0.1", expired=True))
    with pytest.raises(TargetUnreachable) as failure:
        tls_fetch(site.url("/"))
    assert failure.value.reason == "certificate"
    site.close()


def test_a_certificate_of_an_authority_that_nobody_named_is_refused(tls_web: Site, fetch: Fetch) -> None:
    with pytest.raises(TargetUnreachable) as failure:
        fetch(tls_web.url("/"))
    assert failure.value.reason == "certificate"


def test_the_public_roots_are_trusted_beside_the_bundle(authority: Authority) -> None:
    public = len(new_tls_context().get_ca_certs())
    assert public > 50
    assert len(new_tls_context(authority.bundle).get_ca_certs()) == public + 1


def test_tls_below_1_2_is_not_spoken() -> None:
    assert new_tls_context().minimum_version >= ssl.TLSVersion.TLSv1_2


def drip_handshake(wire: Wire) -> None:
    wire.receive_hello()
    wire.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(16_000), every=0.05)


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (Wire.silence, TargetTimeout),
        (drip_handshake, TargetTimeout),
        (lambda wire: wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), TargetUnreachable),
        (lambda wire: None, TargetUnreachable),
        (Wire.reset, TargetUnreachable),
    ],
    ids=["silent", "drip", "plain HTTP", "closes", "resets"],
)
def test_a_handshake_that_goes_wrong_ends_in_time(
    tls_fetch: Fetch, serve: Callable[[Wire], None], error: type[Exception]
) -> None:
    port = Port(serve)
    before, started = open_files(), time.monotonic()
    with pytest.raises(error):
        tls_fetch(f"https://127.0.0.1:{port.port}/", 0.6)
    assert time.monotonic() - started < 5.0
    until(lambda: open_files() <= before)
    port.close()


HELLO_REQUEST = b"\x16\x03\x03\x00\x04" + bytes(4)  # RFC 5246, section 7.4.1.1: a client may ignore it


@pytest.mark.parametrize("record", [HELLO_REQUEST, b"\x16\x03\x03\x04\x00" + bytes(1024)], ids=["one", "many"])
def test_messages_without_end_that_are_no_data_use_up_the_budget(tls_fetch: Fetch, record: bytes) -> None:
    """At one time OpenSSL read them in one call that no deadline ended."""
    port = Port(lambda wire: wire.receive_hello() and wire.forever(record * 99))
    outcome: list[Exception] = []

    def run() -> None:
        try:
            tls_fetch(f"https://127.0.0.1:{port.port}/", 5.0)
        except TargetUnreachable as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    port.close()
    assert [type(error) for error in outcome] == [OverBudget]


def test_a_drip_over_tls_ends_at_the_deadline(tls_web: Site, tls_fetch: Fetch) -> None:
    def drip(wire: Wire, request: object) -> None:
        wire.head("200 OK", "Content-Type: text/html")
        wire.forever(b"a", every=0.02)

    page = tls_fetch(tls_web.route("/", drip), 0.6)
    assert (page.late, page.body[:1]) == (True, b"a")
    assert tls_web.wait_until_idle()


def test_a_page_that_ends_without_the_end_of_tls_is_read_as_far_as_it_came(tls_web: Site, tls_fetch: Fetch) -> None:
    def leave(wire: Wire, request: object) -> None:
        wire.head("200 OK", "Content-Type: text/html", "Content-Length: 100")
        wire.send(b"half")

    page = tls_fetch(tls_web.route("/", leave))
    assert (page.body, page.truncated) == (b"half", True)


# Proxies --------------------------------------------------------------------------------------------------------------


class TunnelProxy(Port):
    """An HTTP proxy that connects where it is asked to, and remembers what that was."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        super().__init__()

    def serve(self, wire: Wire) -> None:
        head = wire.receive_head()
        self.heads.append(head)
        wire.send(self._answer)
        if b" 200 " in self._answer:
            host, _, port = head.split()[1].decode().rpartition(":")
            wire.join(host.strip("[]"), int(port))


@pytest.fixture
def proxy() -> Iterator[TunnelProxy]:
    proxy = TunnelProxy()
    yield proxy
    proxy.close()


@pytest.fixture
def proxied(new_fetcher: NewFetcher, authority: Authority, proxy: TunnelProxy) -> Fetch:
    names = Names({"example.com": ["127.0.0.1"], "bad.example": ["127.0.0.1", "10.0.0.1"], "proxy.corp": ["127.0.0.1"]})
    fetcher = new_fetcher(ca_bundle=authority.bundle, resolver=Resolver(names, pool_size=1))
    address = f"http://user:pass%20word@proxy.corp:{proxy.port}"
    return lambda url, seconds=30.0: fetcher.fetch(parse_url(url), Deadline.after(seconds), proxy=address)


def test_a_proxy_is_asked_for_the_judged_address(web: Site, proxied: Fetch, proxy: TunnelProxy) -> None:
    web.page("/a", "through")
    assert proxied(web.url("/a", host="example.com")).body == b"through"
    assert proxy.heads[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % web.port)
    assert web.requests[0].headers["host"] == f"example.com:{web.port}"


def test_a_certificate_is_checked_by_name_through_a_proxy(tls_web: Site, proxied: Fetch) -> None:
    tls_web.page("/a", "through")
    assert proxied(tls_web.url("/a", host="example.com")).body == b"through"


def test_a_proxy_is_told_its_password_and_the_target_is_not(web: Site, proxied: Fetch, proxy: TunnelProxy) -> None:
    proxied(web.page("/a", "through"))
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n" in proxy.heads[0]
    assert "proxy-authorization" not in web.requests[0].headers


def test_an_egress_proxy_is_the_way_out_of_everything(web: Site, new_fetcher: NewFetcher, proxy: TunnelProxy) -> None:
    fetcher = new_fetcher(egress_proxy=f"http://127.0.0.1:{proxy.port}")
    web.page("/page", "through")
    web.route("/moved", lambda wire, request: wire.redirect("/page"))
    assert fetcher.fetch(parse_url(web.url("/moved")), Deadline.after(30)).body == b"through"
    assert fetcher.post(parse_url(web.url("/page")), b"{}", {}, Deadline.after(30)).body == b"through"
    assert proxy.connections == web.connections == 3


@pytest.mark.parametrize("host", ["bad.example", "10.0.0.1", CANARY])
def test_the_guard_holds_through_a_proxy(web: Site, proxied: Fetch, proxy: TunnelProxy, host: str) -> None:
    with pytest.raises(TargetNotAllowed):
        proxied(f"http://{host}:{web.port}/")
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy"),
        (b"SSH-2.0-OpenSSH\r\n", "proxy"),
        (b"", "proxy"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "proxy"),
    ],
    ids=["407", "502", "no HTTP", "nothing", "endless"],
)
def test_a_proxy_that_refuses_leaves_the_target_unreachable(
    web: Site, new_fetcher: NewFetcher, answer: bytes, reason: str
) -> None:
    proxy = TunnelProxy(answer)
    with pytest.raises(TargetUnreachable) as failure:
        new_fetcher().fetch(parse_url(web.url("/")), Deadline.after(30), proxy=f"http://127.0.0.1:{proxy.port}")
    assert failure.value.reason == reason
    assert web.connections == 0
    proxy.close()


@pytest.mark.parametrize("text", ["", "proxy", "proxy:80", "http://proxy", "socks5://proxy:1080", "https://proxy:443"])
def test_a_proxy_that_is_no_http_proxy_is_a_clear_error(text: str) -> None:
    with pytest.raises(ValueError, match="http://user:password@host:port"):
        parse_proxy(text)


def test_the_environment_has_no_say(
    web: Site, fetch: Fetch, port: Port, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port.port}")
    fetch(web.page("/", "direct"))
    assert port.connections == 0
    assert "authorization" not in web.requests[0].headers
