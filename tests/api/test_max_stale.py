"""`max_stale` and `accept_language`: older cards that are refreshed behind the answer."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.servers import until
from tests.site import Request, Site, Wire
from tests.test_freshness import Origin


@pytest.fixture
def origin(web: Site) -> Origin:
    return Origin(web)


def used(api: Api) -> int:
    told: int = api.get("/v1/usage").json["data"]["used"]["urls"]  # type: ignore[index]
    return told


def test_an_older_card_is_answered_at_once_and_refreshed_behind(api: Api, origin: Origin) -> None:
    api.batch(origin.url)
    origin.go.clear()
    origin.title, origin.fields = "B", ['ETag: "2"']
    answers = [api.batch(origin.url, max_age=0, max_stale=600).json["data"]["results"][0] for _ in range(5)]  # type: ignore[index]
    assert {(each["data"]["title"], each["cache_hit"], each["stale"]) for each in answers} == {("A", True, True)}
    until(lambda: len(origin.asked) == 2, timeout=5)
    origin.go.set()
    until(lambda: api.batch(origin.url).json["data"]["results"][0]["data"]["title"] == "B", timeout=5)  # type: ignore[index]
    assert len(origin.asked) == 2
    until(lambda: used(api) == 2, timeout=5)  # the refresh is charged, the answers from the cache are not


def test_one_url_takes_max_stale_too(api: Api, origin: Origin) -> None:
    api.get(f"/v1/extract?url={origin.url}")
    told = api.get(f"/v1/extract?url={origin.url}&max_age=0&max_stale=600")
    assert told.json["meta"]["stale"] is True  # type: ignore[index]
    assert "max-age=0" in told.headers["Cache-Control"]
    until(lambda: origin.unchanged == 1, timeout=5)


def test_a_failing_origin_is_not_asked_for_every_older_card(api: Api, origin: Origin) -> None:
    api.batch(origin.url)
    origin.fields, origin.status = [], "503 Unavailable"
    for _ in range(5):
        [told] = api.batch(origin.url, max_age=0, max_stale=600).json["data"]["results"]  # type: ignore[index]
        assert told["stale"] is True
        until(lambda: len(origin.asked) == 2, timeout=5)
    assert len(origin.asked) == 2


def speaks(wire: Wire, request: Request) -> None:
    wire.answer(f"<title>{request.headers['accept-language']}</title>".encode())


def test_a_language_is_asked_for_and_kept_apart(api: Api, web: Site) -> None:
    url = web.route("/a", speaks)
    other = web.url("/a", address="127.0.0.2")
    hop = web.route("/hop", lambda wire, request: wire.redirect(other))
    asked = [{}, {"accept_language": "de, en;q=0.5"}, {"accept_language": "fr"}, {}, {"accept_language": "fr"}]
    told = [api.batch(url, **each).json["data"]["results"][0] for each in asked]  # type: ignore[index]
    assert [each["data"]["title"] for each in told] == ["en-US, en", "de, en;q=0.5", "fr", "en-US, en", "fr"]
    assert [each["cache_hit"] for each in told] == [False, False, False, True, True]
    one = api.get(f"/v1/extract?url={hop}&accept_language=fr").json
    assert one["data"]["title"] == "fr"  # type: ignore[index]


@pytest.mark.parametrize("wrong", ["", "de\r\nX: 1", "dé", ";q=1", "a" * 201, "de\n", 5, ["de"]])
def test_a_language_is_a_field_value(api: Api, web: Site, wrong: object) -> None:
    told = api.batch(web.page("/a", "a"), accept_language=wrong)
    assert (told.status_code, list(told.json["error"]["details"]["errors"])) == (400, ["accept_language"])  # type: ignore[index]
