"""Pages as a browser shows them; and what becomes of the browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from app.deadline import Deadline
from app.errors import TargetError, TooManyRedirects
from app.fetch import parse_url
from app.fetch.browser.renderer import Renderer
from app.page import Page, Wait
from tests.fetch.browser.rendering import LIMIT, NEEDS_BROWSER, new_renderer
from tests.fetch.conftest import CANARY
from tests.site import Port, Site, Wire

pytestmark = NEEDS_BROWSER

Render = Callable[..., Page]

WRITTEN = """<title>empty</title><div id=app></div><script>
setTimeout(async () => {
    const name = await (await fetch("/name")).text();
    document.title = name;
    document.head.insertAdjacentHTML("beforeend", `<meta property="og:title" content="${name} (og)">`);
    document.getElementById("app").innerHTML = `<p class=done>Written by a script: ${name}</p>`;
}, 50);
</script>"""


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    renderer = new_renderer()
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def render(renderer: Renderer) -> Render:
    return lambda url, seconds=30.0, **options: renderer.fetch(parse_url(url), Deadline.after(seconds), **options)


def failure(render: Render, *args: Any, **options: Any) -> TargetError:
    with pytest.raises(TargetError) as caught:
        render(*args, **options)
    return caught.value


def test_a_page_is_what_its_scripts_made_of_it(web: Site, render: Render) -> None:
    web.page("/name", "Ada", content_type="text/plain")
    page = render(web.page("/", WRITTEN, status="203 Somebody Else's"))
    assert "<title>Ada</title>" in page.body.decode()
    assert '<meta property="og:title" content="Ada (og)">' in page.body.decode()
    assert "Written by a script: Ada" in page.body.decode()
    assert (page.status, page.content_type) == (203, "text/html; charset=utf-8")


def test_a_page_in_another_charset_comes_as_utf_8(web: Site, render: Render) -> None:
    page = render(
        web.page("/", "<title>żółw</title>".encode("iso8859-2"), content_type="text/html; charset=iso-8859-2")
    )
    assert "<title>żółw</title>" in page.body.decode()


def test_a_name_is_looked_up_by_our_resolver(web: Site, render: Render) -> None:
    web.page("/", "<title>Named</title>")
    assert b"Named" in render(web.url("/", host="named.example")).body


def test_a_page_over_the_limit_is_cut(web: Site, render: Render) -> None:
    page = render(web.page("/", "<script>document.write('x'.repeat(1e6))</script>"))
    assert page.truncated
    assert len(page.body) == LIMIT


def test_redirects_end_at_their_final_url(web: Site, render: Render) -> None:
    web.page("/c", "<title>C</title>")
    web.route("/b", lambda wire, request: wire.redirect("/c"))
    web.route("/a", lambda wire, request: wire.redirect("/b"))
    page = render(web.url("/a"))
    assert (page.url, page.final_url) == (web.url("/a"), web.url("/c"))


def test_a_script_may_lead_elsewhere(web: Site, render: Render) -> None:
    there = web.page("/there", "<title>There</title>")
    page = render(web.page("/", "<script>location.replace('/there')</script>"))
    assert (page.final_url, b"There" in page.body) == (there, True)


def test_an_address_that_a_script_writes_is_the_final_one(web: Site, render: Render) -> None:
    page = render(web.page("/", "<script>history.pushState({}, '', '/pretty')</script>"))
    assert page.final_url == web.url("/pretty")


def test_an_error_page_keeps_its_status(web: Site, render: Render) -> None:
    assert render(web.page("/", "<title>Gone</title>", status="410 Gone")).status == 410


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/pdf", b"%PDF-1.7"),
        ("application/zip", b"PK"),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_a_file_is_left_unrendered(web: Site, render: Render, content_type: str, body: bytes) -> None:
    page = render(web.page("/file", body, content_type=content_type))
    assert (page.status, page.content_type, page.body, page.length) == (200, content_type, b"", len(body))


def test_no_content_is_no_failure_of_the_browser(web: Site, render: Render) -> None:
    assert render(web.route("/", lambda wire, request: wire.head("204 No Content"))).status == 204


def test_text_comes_as_it_is(web: Site, render: Render) -> None:
    page = render(web.page("/", '{"a": "<b>"}', content_type="application/json"))
    assert (page.content_type, page.body) == ("application/json; charset=utf-8", b'{"a": "<b>"}')


@pytest.mark.parametrize(("most", "follows"), [(1, False), (2, True)])
def test_a_render_takes_so_many_redirects(web: Site, most: int, follows: bool) -> None:
    web.page("/2", "<title>A</title>")
    for hop in range(2):
        web.route(f"/{hop}", lambda wire, request, to=hop + 1: wire.redirect(f"/{to}"))  # type: ignore[misc]
    renderer = new_renderer(max_redirects=most)
    try:
        with nullcontext() if follows else pytest.raises(TooManyRedirects):
            renderer.fetch(parse_url(web.url("/0")), Deadline.after(60), wait=Wait(until="load"))
    finally:
        renderer.close()


@pytest.mark.parametrize(
    ("location", "code"),
    [
        (f"http://{CANARY}:8080/", "TARGET_NOT_ALLOWED"),
        ("ftp://127.0.0.1/", "TARGET_NOT_ALLOWED"),
        ("file:///etc/passwd", "TARGET_NOT_ALLOWED"),
        ("/", "TOO_MANY_REDIRECTS"),
        ("/1", "TOO_MANY_REDIRECTS"),
        ("http://unknown.example/", "TARGET_UNREACHABLE"),
    ],
)
def test_a_redirect_has_the_code_that_a_plain_fetch_gives(web: Site, render: Render, location: str, code: str) -> None:
    for hop in range(1, 11):
        web.route(f"/{hop}", lambda wire, request, to=hop + 1: wire.redirect(f"/{to}"))
    web.page("/11")
    url = web.route("/", lambda wire, request: wire.redirect(location))
    assert failure(render, url).code == code


def test_what_reading_the_url_refuses_starts_no_browser() -> None:
    renderer = new_renderer(chromium="/nonexistent")
    assert (
        failure(lambda: renderer.fetch(parse_url("http://10.0.0.1/"), Deadline.after(1))).code == "TARGET_NOT_ALLOWED"
    )


def test_a_reset_connection_is_unreachable(web: Site, render: Render) -> None:
    assert failure(render, web.route("/", lambda wire, request: wire.reset())).code == "TARGET_UNREACHABLE"


def test_wait_until_ends_early_where_it_is_told_to(web: Site, render: Render) -> None:
    url = web.page("/", "<title>now</title><script>setTimeout(() => document.title = 'later', 2000)</script>")
    assert b"<title>now</title>" in render(url, wait=Wait("domcontentloaded")).body


def test_wait_for_waits_until_its_selector_matches(web: Site, render: Render) -> None:
    web.page("/name", "Ada", content_type="text/plain", latency=1.0)
    page = render(web.page("/", WRITTEN), wait=Wait("commit", selector="#app > p.done"))
    assert b"Written by a script" in page.body


def test_wait_timeout_is_waited_for_last(web: Site, render: Render) -> None:
    url = web.page("/", "<title>now</title><script>setTimeout(() => document.title = 'later', 1000)</script>")
    assert b"<title>later</title>" in render(url, wait=Wait("load", selector="title", delay=1.5)).body


def test_a_selector_that_never_matches_is_a_timeout(web: Site, render: Render) -> None:
    assert failure(render, web.page("/"), 3.0, wait=Wait("load", selector="#never")).code == "TARGET_TIMEOUT"


def test_a_page_that_never_loads_is_taken_as_it_is(web: Site, render: Render) -> None:
    web.route("/never", lambda wire, request: wire.silence())
    page = render(web.page("/", "<title>Read</title><p>Text<iframe src=/never></iframe>"))
    assert b"<title>Read</title>" in page.body


def test_images_media_fonts_and_favicons_are_not_loaded(web: Site, render: Render) -> None:
    render(
        web.page(
            "/",
            "<style>@font-face { font-family: x; src: url(/font) }</style><p style='font-family: x'>Text</p>"
            "<img src=/image><video src=/video autoplay muted></video><link rel=icon href=/favicon.png>",
        ),
        wait=Wait("networkidle"),
    )
    assert [request.path for request in web.requests] == ["/"]


def test_images_are_loaded_where_they_are_waited_for(web: Site, render: Render) -> None:
    web.page("/image.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
    url = web.page("/", "<img src=/image.svg onload=\"this.className = 'seen'\">")
    assert b'class="seen"' in render(url, wait=Wait("load", selector="img.seen")).body


def test_the_target_sees_who_asks(web: Site, render: Render) -> None:
    url = web.page("/")
    render(url)
    headers = web.received("/")[0].headers
    assert headers["user-agent"] == "Pagecard-test"
    assert headers["accept-language"].startswith("en-US,en")


def test_cookies_end_with_their_page(web: Site, render: Render) -> None:
    url = web.page("/", headers={"Set-Cookie": "a=b; Max-Age=1000"})
    render(url)
    render(url)
    assert "cookie" not in web.received("/")[1].headers


def test_headers_go_to_the_own_origin_alone(web: Site, render: Render) -> None:
    other = web.url("/data", address="127.0.0.2")
    allowed = {"Access-Control-Allow-Origin": "*"}
    web.page("/data", "data", headers=allowed)
    url = web.page("/", f"<script>fetch('/data'); fetch('{other}')</script>")
    render(url, headers={"Authorization": "secret"})
    seen = {(request.address, request.path): request.headers.get("authorization") for request in web.requests}
    assert seen == {("127.0.0.1", "/"): "secret", ("127.0.0.1", "/data"): "secret", ("127.0.0.2", "/data"): None}


def test_headers_do_not_follow_a_redirect_to_another_origin(web: Site, render: Render) -> None:
    there = web.page("/there", address="127.0.0.2")
    render(web.route("/", lambda wire, request: wire.redirect(there)), headers={"Authorization": "secret"})
    assert "authorization" not in web.received("/there")[0].headers


class Tunnel(Port):
    """A proxy that answers for whatever it is asked to connect to."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        super().__init__()

    def serve(self, wire: Wire) -> None:
        self.asked.append(wire.receive_head())
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
        wire.receive_head()
        wire.answer(b"<title>Through the proxy</title>")


def test_a_proxy_is_asked_for_the_judged_address(render: Render) -> None:
    tunnel = Tunnel()
    page = render("http://named.example/", proxy=f"http://user:pass@proxy.example:{tunnel.port}")
    tunnel.close()
    assert b"Through the proxy" in page.body
    assert tunnel.asked[0].startswith(b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n")


def test_a_page_that_never_yields_is_ended_by_the_deadline(web: Site, render: Render) -> None:
    hung = web.page("/hung", "<script>while (true) {}</script>")
    started = time.monotonic()
    assert failure(render, hung, 3.0).code == "TARGET_TIMEOUT"
    assert time.monotonic() - started < 4.0
    assert b"fine" in render(web.page("/fine", "<title>fine</title>")).body


def test_a_deadline_that_is_called_off_ends_the_fetch(web: Site, renderer: Renderer) -> None:
    url, deadline = web.route("/", lambda wire, request: wire.silence()), Deadline.after(60)
    threading.Timer(1.0, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(TargetError):
        renderer.fetch(parse_url(url), deadline)
    assert time.monotonic() - started < 10.0


def test_several_pages_are_rendered_at_a_time(web: Site, render: Render) -> None:
    together = threading.Barrier(4)

    def meet(wire: Wire, request: Any) -> None:
        together.wait(timeout=20.0)  # passes only once four pages are being fetched
        wire.answer(b"<title>met</title>")

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(render, [web.route(f"/{number}", meet) for number in range(4)]))
    assert all(b"met" in page.body for page in pages)
