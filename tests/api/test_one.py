"""`GET /v1/extract`: one URL, as an answer that browsers and proxies can keep."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from app.settings import Settings
from tests.api.conftest import Api
from tests.site import Site


def max_age(answer: object) -> int:
    private, _, seconds = answer.headers["Cache-Control"].partition(", max-age=")  # type: ignore[attr-defined]
    assert private == "private"
    return int(seconds)


def test_the_answer_is_the_card_that_a_batch_has(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    one = api.get("/v1/extract", query_string={"url": url}).json
    assert one["data"] == api.batch(url).json["data"]["results"][0]["data"]
    assert one["success"] is True


def test_meta_tells_of_the_cache(api: Api, web: Site) -> None:
    query = {"url": web.page("/a", "<title>A</title>")}
    first = api.get("/v1/extract", query_string=query).json["meta"]
    again = api.get("/v1/extract", query_string=query).json["meta"]
    assert set(first) == {"request_id", "response_time_ms", "cache_hit", "cache_ttl", "fetched_at"}
    assert (first["cache_hit"], again["cache_hit"]) == (False, True)
    assert 3_500 < again["cache_ttl"] <= first["cache_ttl"] <= 3_600
    assert abs(datetime.fromisoformat(again["fetched_at"]).timestamp() - time.time()) < 60
    assert first["fetched_at"] == again["fetched_at"]


def test_an_unchanged_card_is_not_sent_again(api: Api, web: Site) -> None:
    query = {"url": web.page("/a", "<title>A</title>")}
    first = api.get("/v1/extract", query_string=query)
    again = api.get("/v1/extract", query_string=query, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["X-Request-Id"]
    assert again.headers["X-RateLimit-Limit"] == "5000"


def test_a_precondition_for_changes_changes_nothing(api: Api, web: Site) -> None:
    query = {"url": web.page("/a", "<title>A</title>")}
    assert api.get("/v1/extract", query_string=query, headers={"If-Match": '"another"'}).status_code == 200


def test_a_changed_card_has_another_etag(api: Api, web: Site) -> None:
    query = {"url": web.page("/a", "<title>A</title>"), "cache": "false"}
    first = api.get("/v1/extract", query_string=query)
    web.page("/a", "<title>B</title>")
    again = api.get("/v1/extract", query_string=query, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.json["data"]["title"]) == (200, "B")


def test_a_browser_keeps_the_answer_no_longer_than_we_do(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    assert 3_500 < max_age(api.get("/v1/extract", query_string={"url": url})) <= 3_600
    assert 50 < max_age(api.get("/v1/extract", query_string={"url": url, "max_age": 60})) <= 60
    assert max_age(api.get("/v1/extract", query_string={"url": url, "cache": "false"})) == 0


def test_the_answer_is_kept_for_the_one_who_asked(api: Api, web: Site) -> None:
    answer = api.get("/v1/extract", query_string={"url": web.page("/a", "<title>A</title>")})
    assert {"Authorization", "X-Api-Key", "Origin"} <= set(answer.headers["Vary"].split(", "))


def test_an_error_is_kept_by_nobody(api: Api, web: Site) -> None:
    answer = api.get("/v1/extract", query_string={"url": web.url("/nothing")})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (502, "no-store")


def test_extra_blocks_come_as_a_list_with_commas(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    data = api.get("/v1/extract", query_string={"url": url, "include": "json_ld, oembed"}).json["data"]
    assert (data["json_ld"], data["oembed"]) == ([], None)
    assert "microdata" not in data


@pytest.mark.parametrize("query", ["", "?url=", "?cache=true"])
def test_without_a_url_there_is_nothing_to_read(api: Api, query: str) -> None:
    answer = api.get(f"/v1/extract{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "MISSING_URL")


def test_an_invalid_url_is_named_with_its_reason(api: Api) -> None:
    answer = api.get("/v1/extract", query_string={"url": "http://user@example.com/"})
    [told] = answer.json["error"]["details"]["invalid_urls"]
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_URL")
    assert (told["index"], told["url"]) == (0, "http://user@example.com/")
    assert told["reason"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cache=yes", "cache"),
        ("cache=", "cache"),
        ("max_age=-1", "max_age"),
        ("max_age=1.5", "max_age"),
        ("max_age=%D9%A3", "max_age"),  # a digit, but not one of ours
        ("max_age=" + "9" * 5_000, "max_age"),
        ("include=everything", "include.0"),
        ("include=json_ld,everything", "include.1"),
        ("colour=red", "colour"),
        ("cache=true&cache=true", "cache"),
        ("%ff=1", "%FF"),
    ],
)
def test_a_bad_parameter_is_named(api: Api, query: str, field: str) -> None:
    answer = api.get(f"/v1/extract?url=https://example.com/&{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_BODY")
    assert list(answer.json["error"]["details"]["errors"]) == [field]


def test_two_urls_are_one_too_many(api: Api) -> None:
    answer = api.get("/v1/extract?url=https://example.com/&url=https://example.org/")
    assert list(answer.json["error"]["details"]["errors"]) == ["url"]


def test_a_failed_target_gives_the_status_and_the_details_of_its_error(api: Api, web: Site) -> None:
    answer = api.get("/v1/extract", query_string={"url": web.page("/teapot", status="418 I'm a teapot")})
    assert (answer.status_code, answer.json["error"]["code"]) == (502, "TARGET_HTTP_ERROR")
    assert answer.json["error"]["details"] == {"http_status": 418}


def test_a_slow_target_times_out_with_the_fetch(
    make_api: Callable[[Settings], Api], settings: Settings, web: Site
) -> None:
    api = make_api(replace(settings, fetch_timeout=0.3))
    answer = api.get("/v1/extract", query_string={"url": web.route("/slow", lambda wire, request: wire.silence())})
    assert (answer.status_code, answer.json["error"]["code"]) == (504, "TARGET_TIMEOUT")
    assert web.wait_until_idle(5)


def test_head_answers_as_get_does_without_the_body(api: Api, web: Site) -> None:
    query = {"url": web.page("/a", "<title>A</title>")}
    got = api.get("/v1/extract", query_string=query)
    head = api.client.head("/v1/extract", query_string=query, headers=api.headers({}))
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", got.headers["ETag"])


def test_an_answer_without_a_cache_is_its_own(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    api.get("/v1/extract", query_string={"url": url})
    afresh = api.get("/v1/extract", query_string={"url": url, "cache": "false"})
    assert json.loads(afresh.data)["meta"]["cache_hit"] is False
    assert len(web.received("/a")) == 2
