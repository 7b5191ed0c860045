"""`include: ["image_info"]`: facts of a card's picture, within the deadline and never at its cost."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.images.pictures import JPEG, SVG, noise, opened, picture, png_of, turned
from tests.site import Request, Site, Wire


def card_with(web: Site, image: str) -> str:
    return web.page("/", f'<title>A</title><meta property="og:image" content="{image}">')


def info_of(api: Api, url: str, **fields: Any) -> Any:
    result = api.batch(url, include=["image_info"], **fields).json["data"]["results"][0]
    assert result["success"], result
    return result["data"]["image_info"]


def test_the_facts_of_a_picture_are_told(api: Api, web: Site) -> None:
    body = picture("PNG", (400, 300))
    image = web.page("/picture", body, content_type="text/plain")
    info = info_of(api, card_with(web, image))
    assert {name: info[name] for name in ("url", "width", "height", "type", "bytes")} == {
        "url": image,
        "width": 400,
        "height": 300,
        "type": "image/png",
        "bytes": len(body),
    }
    assert info["dominant_color"] in ("#fe0000", "#ff0000", "#0000fe", "#0000ff")
    assert len(info["thumbhash"]) > 20
    assert opened(api.client.get(info["proxy_url"]).data).size == (400, 300)


def test_the_beginning_is_asked_for_first(api: Api, web: Site) -> None:
    def ranged(wire: Wire, request: Request) -> None:
        begun = body[: 64 * 1024]
        field = f"Content-Range: bytes 0-{len(begun) - 1}/{len(body) + 5 * 2**20}"
        wire.answer(begun, field, type_=JPEG, status="206 Partial Content")

    body = noise((2_000, 1_500))
    info = info_of(api, card_with(web, web.route("/picture", ranged)))
    [received] = web.received("/picture")
    assert received.headers["range"] == "bytes=0-65535"
    assert (info["width"], info["height"], info["bytes"]) == (2_000, 1_500, len(body) + 5 * 2**20)
    assert (info["dominant_color"], info["thumbhash"]) == (None, None)


def test_a_picture_of_a_few_megabytes_has_colours_too(api: Api, web: Site) -> None:
    body = noise((1_600, 1_200))
    info = info_of(api, card_with(web, web.page("/picture", body, content_type=JPEG)))
    assert (info["width"], info["bytes"]) == (1_600, len(body))
    assert info["thumbhash"]


def test_sides_are_those_of_the_upright_picture(api: Api, web: Site) -> None:
    info = info_of(api, card_with(web, web.page("/picture", turned(6, size=(400, 200)), content_type=JPEG)))
    assert (info["width"], info["height"]) == (200, 400)


def test_svg_has_no_pixels(api: Api, web: Site) -> None:
    info = info_of(api, card_with(web, web.page("/picture", SVG)))
    assert (info["type"], info["width"], info["thumbhash"]) == ("image/svg+xml", None, None)


def test_a_picture_is_asked_once_for_many_cards(api: Api, web: Site) -> None:
    image = web.page("/picture", picture(), content_type=JPEG)
    pages = [web.page(f"/{n}", f'<meta property="og:image" content="{image}">') for n in range(8)]
    for _ in range(2):
        results = api.batch(*pages, include=["image_info"]).json["data"]["results"]
        assert {result["data"]["image_info"]["width"] for result in results} == {400}
    assert len(web.received("/picture")) == 1


def test_the_card_is_cached_apart(api: Api, web: Site) -> None:
    url = card_with(web, web.page("/picture", picture(), content_type=JPEG))
    api.batch(url)
    first = api.batch(url, include=["image_info"]).json["data"]["results"][0]
    again = api.batch(url, include=["image_info"]).json["data"]["results"][0]
    plain = api.batch(url).json["data"]["results"][0]
    assert first == again
    assert first["cache_hit"]
    assert "image_info" not in plain["data"]
    assert len(web.received("/")) == 1


def silent(wire: Wire, request: Request) -> None:
    wire.silence()


def late(wire: Wire, request: Request) -> None:
    wire.head("200 OK", f"Content-Type: {JPEG}")
    wire.silence()


@pytest.mark.parametrize("route", [silent, late])
def test_a_slow_picture_never_costs_the_card(api: Api, web: Site, route: Any) -> None:
    url, begun = card_with(web, web.route("/picture", route)), time.monotonic()
    assert info_of(api, url, timeout_ms=1_500) is None
    assert time.monotonic() - begun < 1.5


def test_what_came_too_late_is_asked_for_again(api: Api, web: Site) -> None:
    slow = web.page("/picture", picture(), content_type=JPEG, latency=1.0)
    url = card_with(web, slow)
    assert info_of(api, url, timeout_ms=1_000) is None
    assert info_of(api, url)["width"] == 400


@pytest.mark.parametrize(
    "image",
    [
        "http://10.0.0.1/picture",
        "http://127.0.0.1:1/picture",
        "/missing",
        "/page",
        "/bomb",
    ],
)
def test_a_picture_that_cannot_be_read_is_null(api: Api, web: Site, image: str) -> None:
    web.page("/page", "<title>No picture</title>")
    web.page("/bomb", png_of(50_000, 50_000))
    assert info_of(api, card_with(web, image)) is None


def test_a_card_without_a_picture_has_null(api: Api, web: Site) -> None:
    assert info_of(api, web.page("/", "<title>A</title>")) is None


def test_a_card_of_a_picture_has_its_own_facts(api: Api, web: Site) -> None:
    assert info_of(api, web.page("/p.jpg", picture(), content_type=JPEG))["width"] == 400


def test_the_other_doors_have_it_too(api: Api, web: Site) -> None:
    url = card_with(web, web.page("/picture", picture(), content_type=JPEG))
    one = api.get("/v1/extract", query_string={"url": url, "include": "image_info,sources"}).json["data"]
    assert one["image_info"]["width"] == 400
    assert one["sources"]
