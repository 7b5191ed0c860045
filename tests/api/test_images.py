"""`GET /v1/image/…`: the image proxy, over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from app.settings import Settings
from tests.api.conftest import Api
from tests.images.pictures import (
    BLUE,
    GIF,
    JPEG,
    PNG,
    RED,
    SVG,
    WEBP,
    gif_of,
    noise,
    opened,
    picture,
    png_of,
    turned,
)
from tests.site import Request, Site, Wire

FOREVER = "public, max-age=604800, immutable"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def show(api: Api, url: str, options: str = "-", **more: object) -> TestResponse:
    """Ask for a picture without a key."""
    return api.client.get(api.services.images.signer.image_url(url, options), **more)


def serve(web: Site, body: bytes, content_type: str = JPEG) -> str:
    return web.page("/picture", body, content_type=content_type)


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=False))


def test_a_picture_is_shown_without_a_key(api: Api, web: Site) -> None:
    answer = show(api, serve(web, picture()), "w100,webp")
    assert (answer.status_code, answer.mimetype) == (200, WEBP)
    shown = opened(answer.data)
    assert (shown.format, shown.size) == ("WEBP", (100, 75))
    assert near(shown.getpixel((10, 10)), RED)
    assert near(shown.getpixel((90, 10)), BLUE)


def test_browsers_keep_it_and_run_nothing_in_it(api: Api, web: Site) -> None:
    headers = show(api, serve(web, picture())).headers
    assert headers["Cache-Control"] == FOREVER
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in headers


def test_a_current_copy_is_confirmed(api: Api, web: Site) -> None:
    url = serve(web, picture())
    etag = show(api, url).headers["ETag"]
    again = show(api, url, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert show(api, url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/image/{}/-/aHR0cDovLzEyNy4wLjAuMQ", "/v1/image/{}/w9/{}", "/v1/image/{}"])
def test_an_unsigned_url_is_not_found(api: Api, path: str) -> None:
    answer = api.client.get(path.format("A" * 22, "x"))
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("options", "size", "media_type"),
    [
        ("-", (400, 300), JPEG),
        ("w200", (200, 150), JPEG),
        ("h30,png", (40, 30), PNG),
        ("w200,h200", (200, 150), JPEG),
        ("w200,h200,cover", (200, 200), JPEG),
        ("w100,h300,cover,webp", (100, 300), WEBP),
        ("w4000", (400, 300), JPEG),
        ("w800,h400,cover", (400, 200), JPEG),
        ("w1,h1,cover", (1, 1), JPEG),
    ],
)
def test_the_picture_has_the_wanted_form(
    api: Api, web: Site, options: str, size: tuple[int, int], media_type: str
) -> None:
    answer = show(api, serve(web, picture()), options)
    assert (opened(answer.data).size, answer.mimetype) == (size, media_type)


def test_cover_cuts_evenly(api: Api, web: Site) -> None:
    shown = opened(show(api, serve(web, picture(size=(400, 100))), "w100,h100,cover,png").data)
    assert near(shown.getpixel((20, 50)), RED)
    assert near(shown.getpixel((80, 50)), BLUE)


@pytest.mark.parametrize("options", ["max50k", "max50k,webp", "max200k,png,w600", "max8k,q95"])
def test_max_bounds_the_bytes(api: Api, web: Site, options: str) -> None:
    body = show(api, serve(web, noise()), options).data
    most = int(options.split("k")[0].removeprefix("max")) * 1024
    assert len(body) <= most
    assert opened(body).width > 50


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_applied_and_its_notes_dropped(api: Api, web: Site, orientation: int) -> None:
    body = show(api, serve(web, turned(orientation, size=(400, 300))), "w80,h80").data
    shown = opened(body)
    assert shown.size == ((80, 60) if orientation < 5 else (60, 80))
    red_at = {1: (5, 5), 2: (75, 5), 3: (75, 5), 4: (5, 5), 5: (5, 5), 6: (5, 5), 7: (5, 75), 8: (5, 75)}[orientation]
    assert near(shown.getpixel(red_at), RED)
    assert not dict(shown.getexif())
    assert b"secret" not in body
    assert b"at home" not in body


@pytest.mark.parametrize(
    ("body", "declared", "shown_as"),
    [
        (picture("PNG"), JPEG, PNG),
        (picture("JPEG"), "text/html", JPEG),
        (picture("GIF"), "application/octet-stream", PNG),
        (gif_of(10_000), GIF, PNG),
        (picture("AVIF"), "", WEBP),
        (picture("WEBP"), GIF, WEBP),
        (picture("ICO", (64, 64)), "image/vnd.microsoft.icon", PNG),
        (picture("PNG", mode="L"), PNG, PNG),
        (picture("PNG", mode="P"), PNG, PNG),
        (picture("JPEG", mode="CMYK"), JPEG, JPEG),
        (picture("JPEG") + b"<script>alert(1)</script>", JPEG, JPEG),
        (gif_of(1).replace(b"GIF89a", b"GIF87a") + b"/*<html>*/", "text/html", PNG),
    ],
)
def test_the_bytes_say_what_a_picture_is(api: Api, web: Site, body: bytes, declared: str, shown_as: str) -> None:
    answer = show(api, serve(web, body, declared))
    assert (answer.status_code, answer.mimetype) == (200, shown_as)
    assert b"script" not in answer.data


def test_svg_is_passed_on_as_itself_where_nothing_in_it_runs(api: Api, web: Site) -> None:
    answer = show(api, serve(web, SVG, "text/plain"))
    assert (answer.data, answer.mimetype) == (SVG, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == POLICY


def drip(wire: Wire, request: Request) -> None:
    wire.head("200 OK", f"Content-Type: {JPEG}", "Content-Length: 90000")
    wire.drip(picture() * 20, every=0.1)


def endless(wire: Wire, request: Request) -> None:
    wire.head("200 OK", f"Content-Type: {JPEG}")
    wire.send(picture())
    wire.forever(bytes(65_536))


def cut(wire: Wire, request: Request) -> None:
    wire.head("200 OK", f"Content-Type: {JPEG}", "Content-Length: 90000")
    wire.send(picture())


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (png_of(50_000, 50_000), 422, "UNSUPPORTED_CONTENT", "40 megapixels"),
        (png_of(40_000_001, 1), 422, "UNSUPPORTED_CONTENT", "40 megapixels"),
        (gif_of(1).replace(b"GIF89a\1\0\1\0", b"GIF89a\xff\xff\xff\xff"), 422, "UNSUPPORTED_CONTENT", "megapixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), 422, "UNSUPPORTED_CONTENT", "decoded"),
        (b"<html><img src=x></html>", 422, "UNSUPPORTED_CONTENT", "no picture"),
        (b"%PDF-1.7", 422, "UNSUPPORTED_CONTENT", "no picture"),
        (b"", 422, "UNSUPPORTED_CONTENT", "no picture"),
        (picture() + bytes(10 * 2**20), 422, "UNSUPPORTED_CONTENT", "10 MiB"),
        (drip, 504, "TARGET_TIMEOUT", "too long"),
        (endless, 422, "UNSUPPORTED_CONTENT", "10 MiB"),
        (cut, 502, "TARGET_UNREACHABLE", "reach"),
    ],
)
def test_a_hostile_picture_is_a_small_svg_with_the_error_s_status(
    make_api: Callable[[Settings], Api],
    settings: Settings,
    web: Site,
    body: bytes | Callable[[Wire, Request], None],
    status: int,
    code: str,
    says: str,
) -> None:
    api = make_api(replace(settings, fetch_timeout=2.0))
    url = serve(web, body) if isinstance(body, bytes) else web.route("/picture", body)
    answer = show(api, url, "w99,webp")
    assert (answer.status_code, answer.mimetype) == (status, "image/svg+xml")
    assert f"<title>{code}: " in answer.text
    assert says in answer.text
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("url", "options", "status", "code"),
    [
        ("http://10.0.0.1/a.png", "-", 403, "TARGET_NOT_ALLOWED"),
        ("http://169.254.169.254/a.png", "-", 403, "TARGET_NOT_ALLOWED"),
        ("http://[::1]/a.png", "-", 403, "TARGET_NOT_ALLOWED"),
        ("http://db.internal/a.png", "-", 403, "TARGET_NOT_ALLOWED"),
        ("file:///etc/passwd", "-", 400, "INVALID_URL"),
        ("data:image/png;base64,AAAA", "-", 400, "INVALID_URL"),
        ("http://127.0.0.1:1/", "w600,gif", 400, "INVALID_BODY"),
        ("http://127.0.0.1:1/", "-", 502, "TARGET_UNREACHABLE"),
    ],
)
def test_a_signed_url_passes_the_same_guard(api: Api, url: str, options: str, status: int, code: str) -> None:
    answer = show(api, url, options)
    assert (answer.status_code, answer.mimetype) == (status, "image/svg+xml")
    assert code in answer.text


@pytest.mark.parametrize("location", ["http://10.0.0.1/a.png", "http://169.254.169.254/", "file:///etc/passwd"])
def test_a_redirect_passes_the_guard_too(api: Api, web: Site, location: str) -> None:
    url = web.route("/from", lambda wire, request: wire.redirect(location))
    answer = show(api, url)
    assert (answer.status_code, "TARGET_NOT_ALLOWED" in answer.text) == (403, True)


def test_a_picture_behind_a_redirect_is_shown(api: Api, web: Site) -> None:
    to = serve(web, picture())
    assert show(api, web.route("/from", lambda wire, request: wire.redirect(to))).mimetype == JPEG


def test_the_target_learns_nothing_of_the_visitor(api: Api, web: Site) -> None:
    show(api, serve(web, picture()), headers={"Cookie": "a=b", "Referer": "https://blog.example/", "User-Agent": "Me"})
    [received] = web.received("/picture")
    assert not {"cookie", "referer", "authorization", "x-forwarded-for"} & received.headers.keys()
    assert "Me" not in received.headers["user-agent"]
    assert received.headers["accept"].startswith("image/")


def test_a_picture_is_fetched_once(api: Api, web: Site) -> None:
    url = serve(web, picture())
    assert show(api, url, "w50").data == show(api, url, "w50").data
    assert len(web.received("/picture")) == 1


def test_a_failure_is_kept_for_a_while(api: Api, web: Site) -> None:
    url = web.page("/gone", status="404 Not Found")
    assert [show(api, url).status_code for _ in range(3)] == [502] * 3
    assert len(web.received("/gone")) == 1


def test_of_a_crowd_one_fetches(api: Api, web: Site) -> None:
    url = web.page("/picture", picture(), content_type=JPEG, latency=0.3)
    path = api.services.images.signer.image_url(url, "w50")
    client = api.client.application.test_client
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client().get(path).status_code, range(10)))
    assert answers == [200] * 10
    assert len(web.received("/picture")) == 1


def test_pictures_and_key_outlive_a_restart(make_api: Callable[[Settings], Api], settings: Settings, web: Site) -> None:
    url = serve(web, picture())
    first = show(make_api(settings), url, "w50")
    again = make_api(settings)
    assert show(again, url, "w50").data == first.data
    assert len(web.received("/picture")) == 1


def test_hosts_with_one_key_make_one_url(make_api: Callable[[Settings], Api], settings: Settings) -> None:
    one, other = (make_api(replace(settings, image_key="k" * 20, data_dir=settings.data_dir / n)) for n in "ab")
    assert one.services.images.signer.image_url("http://a.example/") == other.services.images.signer.image_url(
        "http://a.example/"
    )


def test_a_hundred_bombs_at_once_take_turns(api: Api, web: Site) -> None:
    bombs = [web.page(f"/{n}", png_of(6_000, 6_600, bytes(10**6)), content_type=PNG) for n in range(100)]
    paths = [api.services.images.signer.image_url(url, "w100") for url in bombs]
    client = api.client.application.test_client
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], len(api.services.images.decoders.processes()))

    watching = threading.Thread(target=watch)
    watching.start()
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda path: client().get(path).status_code, paths))
    done.set()
    watching.join()
    assert set(statuses) <= {200, 422, 503, 504}
    assert 0 < most[0] <= 2
    assert show(api, serve(web, picture())).status_code == 200


CAMO_KEY = "0x24FEEDFACEDEADBEEFCAFE"


def camo(url: str, key: str = CAMO_KEY) -> str:
    """A URL as camo's clients make it (https://github.com/atmos/camo#url-formats)."""
    return f"/{hmac.new(key.encode(), url.encode(), hashlib.sha1).hexdigest()}/{url.encode().hex()}"


def test_camo_s_urls_work_with_camo_s_key(make_api: Callable[[Settings], Api], settings: Settings, web: Site) -> None:
    api, url = make_api(replace(settings, camo_key=CAMO_KEY)), serve(web, picture())
    answer = api.client.get(camo(url))
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, JPEG, FOREVER)
    for wrong in (camo(url, "another key"), camo(url) + "00", camo(url)[:41] + "/zz", "/" + "a" * 40 + "/"):
        assert api.client.get(wrong).status_code == 404


def test_camo_s_urls_are_not_found_without_a_key(api: Api, web: Site) -> None:
    assert api.client.get(camo(serve(web, picture()), "")).status_code == 404
