"""`GET /v1/favicon/image`: the icon itself, or a tile with a letter."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.images.pictures import JPEG, PNG, SVG, opened, picture
from tests.site import Site

ICON = '<link rel="icon" href="/icon" sizes="64x64">'


@pytest.mark.parametrize(
    ("form", "shown_as", "edge"), [("PNG", PNG, 32), ("ICO", PNG, 32), ("JPEG", JPEG, 32), ("PNG", PNG, 16)]
)
def test_the_icon_is_shown_in_the_wanted_size(api: Api, web: Site, form: str, shown_as: str, edge: int) -> None:
    web.page("/icon", picture(form, (64, 64)), content_type="image/vnd.microsoft.icon")
    answer = api.get(f"/v1/favicon/image?url={web.page('/', ICON)}&size={edge}")
    assert (answer.status_code, answer.mimetype) == (200, shown_as)
    assert opened(answer.data).size == (edge, edge)
    assert answer.headers["Cache-Control"] == "private, max-age=86400"


def test_an_icon_that_scales_is_passed_on(api: Api, web: Site) -> None:
    web.page("/icon", SVG, content_type="image/svg+xml")
    answer = api.get(f"/v1/favicon/image?url={web.page('/', ICON)}")
    assert answer.data == SVG
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", [ICON, "<title>A</title>"])
def test_without_an_icon_there_is_a_letter(api: Api, web: Site, page: str) -> None:
    answer = api.get(f"/v1/favicon/image?url={web.page('/', page)}&size=48")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"' in answer.text
    assert ">1</text>" in answer.text  # of 127.0.0.1


@pytest.mark.parametrize(
    ("url", "letter"),
    [
        ("http://www.example.invalid/", "E"),
        ("http://bücher.invalid/", "B"),
        ("http://пример.invalid/", "П"),
        ("http://127.0.0.1:1/", "1"),
    ],
)
def test_a_page_that_cannot_be_read_has_a_letter_too(api: Api, url: str, letter: str) -> None:
    answer = api.get("/v1/favicon/image", query_string={"url": url})
    assert (answer.status_code, f">{letter}</text>" in answer.text) == (200, True)


def test_the_fallback_may_be_a_404(api: Api, web: Site) -> None:
    answer = api.get(f"/v1/favicon/image?url={web.page('/', ICON)}&fallback=404")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "MISSING_URL"),
        ("?url=nope", 400, "INVALID_URL"),
        ("?url=http://127.0.0.1:1/&fallback=none", 400, "INVALID_BODY"),
        ("?url=http://127.0.0.1:1/&size=0", 400, "INVALID_BODY"),
    ],
)
def test_a_bad_request_is_told(api: Api, query: str, status: int, code: str) -> None:
    answer = api.get(f"/v1/favicon/image{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_key_is_needed(api: Api) -> None:
    assert api.client.get("/v1/favicon/image?url=http://127.0.0.1:1/").status_code == 401
