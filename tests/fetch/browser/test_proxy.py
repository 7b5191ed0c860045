"""A browser can reach nothing that a plain fetch could not, by whatever way a page tries."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
import structlog
from structlog.testing import capture_logs

from app.deadline import Deadline
from app.errors import TargetError
from app.fetch import Gate, Meter, Resolver, TargetPolicy, parse_url
from app.fetch.browser import proxy
from app.fetch.browser.proxy import FilteringProxy, ProxyListener, Refusal, RenderSession
from app.fetch.gate import new_tls_context
from app.networks import parse_networks
from app.page import Wait
from tests.fetch.browser.rendering import needs_browser, new_renderer
from tests.fetch.conftest import CANARY, POLICY
from tests.site import Names, Site

Through = Callable[..., bytes]


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(POLICY, Resolver(Names({"named.example": ["127.0.0.1"]}), pool_size=1), new_tls_context())


@pytest.fixture
def session() -> RenderSession:
    return RenderSession(Meter(Deadline.after(10), bytes_left=100_000))


@pytest.fixture
def through(gate: Gate, session: RenderSession) -> Through:
    """Sends bytes to a port of the proxy, and returns all that comes back until it closes."""

    def send(*pieces: bytes, source: str = "127.0.0.1") -> bytes:
        async def talk(port: ProxyListener) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port.port, local_addr=(source, 0))
            for piece in pieces:
                writer.write(piece)
            try:
                return await asyncio.wait_for(reader.read(), 8)
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

        return asyncio.run(_with_port(gate, session, talk))

    return send


async def _with_port(
    gate: Gate, session: RenderSession, work: Callable[[ProxyListener], Coroutine[None, None, bytes]]
) -> bytes:
    proxy = FilteringProxy(gate, renders=1)
    port = await proxy.open(session)
    try:
        return await work(port)
    finally:
        await port.close()
        proxy.close()


def get(url: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", *fields, "", ""]).encode()


def test_a_plain_request_is_passed_on_as_the_target_expects_it(web: Site, through: Through) -> None:
    url = web.page("/a", "Answer")
    answer = through(get(f"{url}?b=c", "Host: x", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic x"))
    received = web.requests[0]
    assert answer.endswith(b"Answer")
    assert (received.target, received.headers) == ("/a?b=c", {"host": "x", "connection": "close"})


def test_a_body_is_passed_on(web: Site, through: Through) -> None:
    url = web.page("/a", "Answer")
    through(get(url, "Host: x", "Content-Length: 5").replace(b"GET", b"POST"), b"he", b"llo")
    assert web.requests[0].body == b"hello"


def test_a_tunnel_passes_everything_both_ways(web: Site, through: Through) -> None:
    web.page("/a", "Answer")
    answer = through(f"CONNECT 127.0.0.1:{web.port} HTTP/1.1\r\n\r\n".encode(), get("/a", "Host: x"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200")
    assert answer.endswith(b"Answer")


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (get("http://10.0.0.1/"), Refusal("10.0.0.1", 80, "private")),
        (get(f"http://{CANARY}:8080/"), Refusal(CANARY, 8080, "denied")),
        (b"CONNECT [::ffff:7f00:1]:443 HTTP/1.1\r\n\r\n", Refusal("::ffff:7f00:1", 443, "ipv4_mapped")),
        (b"CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n", Refusal("169.254.169.254", 80, "link_local")),
        (b"CONNECT 0x7f.1:443 HTTP/1.1\r\n\r\n", Refusal("0x7f.1:443", 0, "ipv4")),
    ],
)
def test_a_refusal_is_silence_and_a_verdict(
    through: Through, session: RenderSession, request_: bytes, refusal: Refusal
) -> None:
    assert through(request_) == b""
    assert session.refusals == [refusal]
    assert session.failures[refusal.host, refusal.port].code == "TARGET_NOT_ALLOWED"


def test_a_name_that_is_not_known_is_a_failure_and_no_refusal(through: Through, session: RenderSession) -> None:
    assert through(get("http://unknown.example/")) == b""
    assert session.failures["unknown.example", 80].code == "TARGET_UNREACHABLE"
    assert session.refusals == []


def test_a_connection_carries_one_request(web: Site, through: Through) -> None:
    web.page("/a", "Answer")
    through(get(web.url("/a"), "Host: x") + get(f"http://{CANARY}/b", "Host: y"))
    assert "/b" not in [request.target for request in web.requests]


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/0.9\r\n\r\n",
        get("http://127.0.0.1/", "Transfer-Encoding: chunked"),
        b"GET http://127.0.0.1/ HTTP/1.1\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_no_browser_sends_gets_no_answer(through: Through, request_: bytes) -> None:
    assert through(request_) == b""


def test_more_than_the_budget_does_not_come_through(web: Site, through: Through) -> None:
    assert len(through(get(web.page("/", b"x" * 300_000)))) <= 100_000


def test_nobody_but_the_browser_is_served(web: Site, through: Through) -> None:
    assert through(get(web.page("/")), source="127.0.0.9") == b""
    assert web.requests == []


def test_closing_the_port_ends_what_came_through_it(web: Site, gate: Gate, session: RenderSession) -> None:
    url = web.route("/", lambda wire, request: wire.silence())

    async def leave(port: ProxyListener) -> bytes:
        _, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(get(url))
        while not web.open_connections:
            await asyncio.sleep(0.01)
        writer.close()
        return b""

    asyncio.run(_with_port(gate, session, leave))
    assert web.wait_until_idle()


# What a page may do to reach {canary}, and whether every browser gets as far as asking the proxy: some send no pings
# and open no windows, none sends UDP, and none speculates about an origin that it would have to ask a proxy for.
WAYS = {
    "stylesheet": ("<link rel=stylesheet href={canary}>", True),
    "css import": ("<style>@import url({canary});</style>", True),
    "script": ("<script src={canary}></script>", True),
    "module": ("<script type=module>import '{canary}'</script>", True),
    "iframe": ("<iframe src={canary}></iframe>", True),
    "object": ("<object data={canary}></object>", True),
    "image": ("<img src={canary}>", True),
    "fetch": ("<script>fetch('{canary}', {{mode: 'no-cors'}})</script>", True),
    "xhr": ("<script>x = new XMLHttpRequest; x.open('GET', '{canary}'); x.send()</script>", True),
    "websocket": ("<script>new WebSocket('{canary}'.replace('http', 'ws'))</script>", True),
    "eventsource": ("<script>new EventSource('{canary}')</script>", True),
    "beacon": ("<script>navigator.sendBeacon('{canary}', 'x')</script>", True),
    "ping": ("<a id=a href=# ping={canary}></a><script>a.click()</script>", False),
    "worker": ("<script>new Worker(URL.createObjectURL(new Blob([`fetch('{canary}')`])))</script>", True),
    "shared worker": ("<script>new SharedWorker('data:text/javascript,fetch(`{canary}`)')</script>", True),
    "prefetch": ("<link rel=prefetch href={canary}>", True),
    "preconnect": ("<link rel=preconnect href={canary}>", False),
    "dns-prefetch": ("<link rel=dns-prefetch href={canary}>", False),
    "speculation rules": (
        """<script type=speculationrules>{{
            "prefetch": [{{"urls": ["{canary}"], "eagerness": "immediate"}}],
            "prerender": [{{"urls": ["{canary}"], "eagerness": "immediate"}}]
        }}</script>""",
        False,
    ),
    "form": ("<form action={canary} method=post></form><script>document.forms[0].submit()</script>", True),
    "navigation": ("<script>location = '{canary}'</script>", True),
    "meta refresh": ("<meta http-equiv=refresh content='0; url={canary}'>", True),
    "redirect": ("<script>fetch('/to?{canary}', {{mode: 'no-cors'}})</script>", True),
    "popup": ("<a id=a href={canary} target=_blank></a><script>open('{canary}'); a.click()</script>", False),
    "webrtc": (
        """<script>
            const urls = ["stun:{host}", "turn:{host}", "turn:{host}?transport=tcp"];
            const peer = new RTCPeerConnection({{iceServers: [{{urls, username: "a", credential: "b"}}]}});
            peer.createDataChannel("x");
            peer.createOffer().then(offer => peer.setLocalDescription(offer));
        </script>""",
        False,
    ),
}
HOSTS = {f"127.0.1.{number}": way for number, way in enumerate(WAYS, start=1)}  # a canary's address for each way


@pytest.fixture
def canary() -> Iterator[Site]:
    """A site, and a UDP port of the same number, on addresses that nobody may reach."""
    site = Site(address="127.0.1.1")
    for host in HOSTS:
        site.listen(host)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("0.0.0.0", site.port))
        yield site
        assert site.connections == 0, "the canary was reached"
        udp.setblocking(False)
        with pytest.raises(BlockingIOError):
            udp.recv(1)
    site.close()


@needs_browser
def test_a_hostile_page_reaches_nothing_by_any_way(web: Site, canary: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # An application made by another test may have set a level, and loggers remember it from their first use on.
    structlog.reset_defaults()
    monkeypatch.setattr(proxy, "log", structlog.get_logger())
    policy = TargetPolicy(allow=parse_networks("127.0.0.0/8"), deny=(ip_network("127.0.1.0/24"),))
    renderer = new_renderer(policy=policy)
    web.route("/to", lambda wire, request: wire.redirect(request.target.partition("?")[2]))

    def visit(host: str) -> str:
        html = WAYS[HOSTS[host]][0].format(canary=f"http://{host}:{canary.port}/", host=f"{host}:{canary.port}")
        try:
            # The selector speaks of an image, so that images are loaded.
            wait = Wait("load", selector="html, img", delay=1.0)
            renderer.fetch(parse_url(web.page(f"/{host}", html)), Deadline.after(60), wait=wait)
        except TargetError as error:
            return error.code
        return "a page"

    with capture_logs() as logs, ThreadPoolExecutor(8) as pool:
        outcomes = dict(zip(HOSTS.values(), pool.map(visit, HOSTS), strict=True))
    renderer.close()

    refused = {HOSTS[log["host"]] for log in logs if log["event"] == "egress refused" and log["verdict"] == "denied"}
    assert refused >= {way for way, (_, asks) in WAYS.items() if asks}
    assert set(outcomes.values()) <= {"a page", "TARGET_NOT_ALLOWED"}
