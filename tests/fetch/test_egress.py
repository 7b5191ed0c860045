"""A browser can reach nothing that a plain fetch could not, by whatever way a page tries."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from app.deadline import Deadline
from app.errors import TargetError
from app.fetch import TargetPolicy, parse_url
from app.networks import parse_networks
from app.page import Wait
from tests.fetch.rendering import needs_browser, new_renderer
from tests.site import Site

# What a page may do to reach {canary}, and whether that gets as far as the proxy: a browser that is not to send
# UDP sends none, and it does not speculate about an origin that it would have to ask through a proxy.
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
    "ping": ("<a id=a href=# ping={canary}></a><script>a.click()</script>", True),
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
    "popup": ("<a id=a href={canary} target=_blank></a><script>open('{canary}'); a.click()</script>", True),
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
def test_a_hostile_page_reaches_nothing_by_any_way(web: Site, canary: Site) -> None:
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
    assert refused == {way for way, (_, asks) in WAYS.items() if asks}
    assert set(outcomes.values()) <= {"a page", "TARGET_NOT_ALLOWED"}
