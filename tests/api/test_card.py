"""`GET /v1/card`: a card as HTML."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Api
from tests.images.pictures import picture as make_picture
from tests.site import Site

PAGE = '<title>A mill</title><meta name="description" content="It turns &lt;b&gt;round&lt;/b&gt;.">'
BLOG = "https://blog.example"


def test_a_card_is_a_fragment_of_html_without_script(api: Api, web: Site) -> None:
    url = web.page("/mill", PAGE)
    answer = api.get("/v1/card", query_string={"url": url})
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<table ")
    assert f'<a href="{url}"' in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unchanged_card_is_not_sent_again(api: Api, web: Site) -> None:
    asked = {"url": web.page("/mill", PAGE)}
    first = api.get("/v1/card", query_string=asked)
    again = api.get("/v1/card", query_string=asked, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"].startswith("private, max-age=")


def test_a_publishable_key_works_on_its_own_origin_alone(api: Api, web: Site) -> None:
    asked = {"url": web.page("/mill", PAGE)}
    browser = api.on_plan("pro", kind="publishable", origins=(BLOG,))
    good = browser.get("/v1/card", query_string=asked, headers={"Origin": BLOG})
    bad = browser.get("/v1/card", query_string=asked, headers={"Origin": "https://thief.example"})
    assert (good.status_code, good.headers["Access-Control-Allow-Origin"]) == (200, BLOG)
    assert (bad.status_code, bad.json["error"]["code"]) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "MISSING_URL"),
        ({"url": "mill"}, 400, "INVALID_URL"),
        ({"url": "http://127.0.0.1:9/", "colour": "red"}, 400, "INVALID_BODY"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_as_json(
    api: Api, query: dict[str, str], status: int, code: str
) -> None:
    answer = api.get("/v1/card", query_string=query)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_page_without_a_card_has_the_status_of_its_failure(api: Api, web: Site) -> None:
    answer = api.get("/v1/card", query_string={"url": web.url("/none")})
    assert (answer.status_code, answer.json["error"]["code"]) == (502, "TARGET_HTTP_ERROR")


def test_without_a_key_there_is_no_card(api: Api) -> None:
    assert api.client.get("/v1/card?url=https://example.com/").json["error"]["code"] == "MISSING_API_KEY"


def test_the_picture_of_a_card_comes_from_the_server(api: Api, web: Site) -> None:
    picture = web.page("/p.png", make_picture("PNG", (1200, 630)), content_type="image/png")
    url = web.page("/mill", f'{PAGE}<meta property="og:image" content="{picture}">')
    text = api.get("/v1/card", query_string={"url": url}).text
    assert re.search(r'<img src="http://localhost/v1/image/[^"]+" alt="" width="1200" height="630"', text)
    assert picture not in text
