"""`GET /v1/favicon`: the icons of a page, and the one that suits a size."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.site import Site

ICONS = """<link rel="icon" href="/16.png" type="image/png" sizes="16x16">
<link rel="icon" href="/64.png" sizes="64x64"><link rel="apple-touch-icon" href="/180.png" sizes="180x180">"""


@pytest.mark.parametrize(
    ("query", "path", "size"), [("", "/64.png", 64), ("&size=16", "/16.png", 16), ("&size=512", "/180.png", 180)]
)
def test_the_icon_that_suits_the_size_is_told(api: Api, web: Site, query: str, path: str, size: int) -> None:
    data = api.get(f"/v1/favicon?url={web.page('/', ICONS)}{query}").json["data"]
    assert data["best_match"] == {"url": web.url(path), "size": size}


def test_every_icon_of_the_page_is_listed_with_its_source(api: Api, web: Site) -> None:
    url = web.page("/", ICONS)
    data = api.get(f"/v1/favicon?url={url}").json["data"]
    assert data["url"] == url
    assert data["icons"][0] == {"url": web.url("/16.png"), "type": "image/png", "sizes": "16x16", "source": "link"}
    assert [icon["source"] for icon in data["icons"]] == ["link"] * 3
    assert data["favicon"] == web.url("/64.png")


def test_a_page_without_icons_has_the_default_of_its_host(api: Api, web: Site) -> None:
    data = api.get(f"/v1/favicon?url={web.page('/deep/page', '<title>A</title>')}").json["data"]
    default = web.url("/favicon.ico")
    assert data["icons"] == [{"url": default, "type": None, "sizes": None, "source": "default"}]
    assert (data["best_match"], data["favicon"]) == ({"url": default, "size": None}, default)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "MISSING_URL"),
        ("?url=", 400, "MISSING_URL"),
        ("?url=nope", 400, "INVALID_URL"),
        ("?url=http://127.0.0.1:1/&size=0", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/&size=big", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/&colour=red", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/", 502, "TARGET_UNREACHABLE"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(api: Api, query: str, status: int, code: str) -> None:
    answer = api.get(f"/v1/favicon{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_the_card_that_the_cache_has_is_not_fetched_again(api: Api, web: Site) -> None:
    url = web.page("/", ICONS)
    api.batch(url)
    api.get(f"/v1/favicon?url={url}")
    assert len(web.received("/")) == 1
