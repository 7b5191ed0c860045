"""`POST /v1/extract/batch`: the results."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.plans import PLANS
from app.settings import Settings
from tests.api.conformance import strict_json
from tests.api.conftest import Api
from tests.site import Request, Site, Wire

CARD = {
    "url": None,
    "resolved_url": None,
    "title": None,
    "description": None,
    "image": None,
    "site_name": None,
    "type": None,
    "open_graph": {
        *("title", "description", "image", "url", "type", "site_name", "locale"),
        *("images", "videos", "audio", "locale_alternate"),
    },
    "twitter": {"card", "site", "creator", "title", "description", "image", "image_alt", "player", "app_name"},
    "meta": {
        *("author", "keywords", "theme_color", "canonical_url", "favicon", "language", "charset"),
        *("robots", "generator", "application_name"),
    },
    "article": {"published_time", "modified_time", "author", "section", "tags"},
    "icons": None,
    "feeds": None,
    "content": {"type", "length", "http_status"},
    "kind": None,
    "media": None,
    "product": None,
    "embed": None,
}


def looked_up(api: Api) -> Counter[str]:
    """How often the cache knew a URL, and how often not."""
    rows = re.findall(r'^pagecard_cache_total\{result="(\w+)"\} (\S+)$', api.client.get("/metrics").text, re.MULTILINE)
    return Counter({result: int(float(count)) for result, count in rows})


def results(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.json
    return answer.json["data"]["results"]


def test_there_is_one_result_for_each_url_in_the_order_asked(api: Api, web: Site) -> None:
    slow = web.page("/slow", "<title>Slow</title>", latency=0.3)
    fast = web.page("/fast", "<title>Fast</title>")
    answer = api.batch(slow, web.url("/nothing"), fast)
    assert [result["url"] for result in results(answer)] == [slow, web.url("/nothing"), fast]
    assert [result.get("data", {}).get("title") for result in results(answer)] == ["Slow", None, "Fast"]
    assert answer.json["data"]["summary"] == {"total": 3, "successful": 2, "failed": 1}


def test_a_batch_succeeds_though_every_url_fails(api: Api, web: Site) -> None:
    answer = api.batch(web.url("/a"), web.url("/b"))
    assert answer.json["data"]["summary"] == {"total": 2, "successful": 0, "failed": 2}
    assert answer.json["success"] is True


def test_a_url_is_echoed_as_it_was_sent(api: Api, web: Site) -> None:
    sent = web.page("/A", "<title>A</title>").replace("http://", "HTTP://") + "?q=%7e#top"
    assert results(api.batch(sent))[0]["url"] == sent


def test_a_success_has_data_and_a_failure_an_error(api: Api, web: Site) -> None:
    good, bad = results(api.batch(web.page("/a", "<title>A</title>"), web.url("/nothing")))
    assert set(good) == {"url", "success", "data", "cache_hit"}
    assert set(bad) == {"url", "success", "error"}
    assert (good["success"], good["cache_hit"], bad["success"]) == (True, False, False)


def test_a_failure_says_whether_another_try_may_help(api: Api, web: Site) -> None:
    busy = web.page("/busy", status="503 Service Unavailable")
    missing, overloaded = results(api.batch(web.url("/nothing"), busy))
    assert missing["error"] == {
        "code": "TARGET_HTTP_ERROR",
        "message": "The target URL answered with HTTP status 404",
        "retryable": False,
        "details": {"http_status": 404},
    }
    assert (overloaded["error"]["retryable"], overloaded["error"]["details"]) == (True, {"http_status": 503})


def test_every_key_of_a_card_is_there_though_the_page_says_nothing(api: Api, web: Site) -> None:
    [result] = results(api.batch(web.page("/empty", "<p></p>")))
    assert list(result["data"]) == list(CARD)
    assert {name: set(result["data"][name]) for name, keys in CARD.items() if keys} == {
        name: keys for name, keys in CARD.items() if keys
    }
    assert (result["data"]["title"], result["data"]["icons"], result["data"]["feeds"]) == (None, [], [])


def test_an_answer_tells_its_id_and_its_time(api: Api, web: Site) -> None:
    answer = api.batch(web.page("/a", "<title>A</title>", latency=0.1))
    assert answer.json["meta"]["request_id"] == answer.headers["X-Request-Id"]
    assert answer.json["meta"]["response_time_ms"] >= 100
    assert list(answer.json["meta"]) == ["request_id", "response_time_ms"]


def test_duplicates_are_fetched_once_and_answered_each(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    same = [url, url + "#part", url.replace("http", "HTTP"), url]
    found = results(api.batch(*same))
    assert [result["url"] for result in found] == same
    assert [result["data"]["title"] for result in found] == ["A"] * 4
    assert len(web.received("/a")) == 1


def test_the_cache_is_counted_once_for_each_different_url(api: Api, web: Site) -> None:
    known, new = web.page("/a", "<title>A</title>"), web.page("/b", "<title>B</title>")
    api.batch(known)
    before = looked_up(api)
    api.batch(known, new, known + "#part")
    assert looked_up(api) - before == Counter(hit=1, miss=1)


def test_the_same_url_again_is_a_cache_hit_for_every_key(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    first, again, others = (results(each.batch(url))[0] for each in (api, api, api.on_plan("free")))
    assert [first["cache_hit"], again["cache_hit"], others["cache_hit"]] == [False, True, True]
    assert first["data"] == again["data"] == others["data"]
    assert len(web.received("/a")) == 1


def test_without_the_cache_a_page_is_fetched_afresh_and_stored(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>Old</title>")
    api.batch(url)
    web.page("/a", "<title>New</title>")
    [fresh] = results(api.batch(url, cache=False))
    [stored] = results(api.batch(url))
    assert (fresh["data"]["title"], fresh["cache_hit"]) == ("New", False)
    assert (stored["data"]["title"], stored["cache_hit"]) == ("New", True)


def test_what_is_older_than_max_age_is_fetched_again(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    api.batch(url)
    assert results(api.batch(url, max_age=0))[0]["cache_hit"] is False
    assert results(api.batch(url, max_age=60))[0]["cache_hit"] is True
    assert len(web.received("/a")) == 2


def test_a_failure_is_kept_for_a_while_and_is_no_cache_hit(api: Api, web: Site) -> None:
    first, again = results(api.batch(web.url("/gone"))), results(api.batch(web.url("/gone")))
    assert first == again
    assert len(web.received("/gone")) == 1


def test_invalid_urls_fail_the_request_and_all_are_named(api: Api, web: Site) -> None:
    good = web.page("/a", "<title>A</title>")
    answer = api.batch("nope", good, "ftp://example.com/", "http://127.0.0.1:99999/")
    told = answer.json["error"]["details"]["invalid_urls"]
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_URL")
    assert [(each["index"], each["url"]) for each in told] == [
        (0, "nope"),
        (2, "ftp://example.com/"),
        (3, "http://127.0.0.1:99999/"),
    ]
    assert all(set(each) == {"index", "url", "reason"} and each["reason"] for each in told)
    assert web.requests == []


def test_invalid_urls_fail_alone_where_that_is_asked_for(api: Api, web: Site) -> None:
    good = web.page("/a", "<title>A</title>")
    found = results(api.batch("nope", good, "", ignore_invalid_urls=True))
    assert [result.get("error", {}).get("code") for result in found] == ["INVALID_URL", None, "INVALID_URL"]
    assert [result["url"] for result in found] == ["nope", good, ""]
    assert found[0]["error"]["retryable"] is False


def test_a_batch_of_invalid_urls_alone_is_answered_where_that_is_asked_for(api: Api) -> None:
    answer = api.batch("nope", "nope", ignore_invalid_urls=True)
    assert answer.json["data"]["summary"] == {"total": 2, "successful": 0, "failed": 2}


def test_a_lone_surrogate_is_invalid_and_echoed_as_the_replacement_character(api: Api) -> None:
    body = b'{"urls": ["http://a\\ud800.com/"], "ignore_invalid_urls": %b}'
    headers = {"Content-Type": "application/json"}
    refused = api.post("/v1/extract/batch", data=body % b"false", headers=headers)
    alone = api.post("/v1/extract/batch", data=body % b"true", headers=headers)
    assert refused.json["error"]["details"]["invalid_urls"][0]["url"] == "http://a\ufffd.com/"
    assert results(alone)[0]["url"] == "http://a\ufffd.com/"


def test_a_url_that_has_no_encoding_changes_the_echo_of_no_other(api: Api) -> None:
    odd = "nope \u00e9 \N{PILE OF POO}"
    found = results(api.batch(odd, "http://a\ud800.com/", odd, ignore_invalid_urls=True))
    assert [result["url"] for result in found] == [odd, "http://a\ufffd.com/", odd]


def test_extra_blocks_are_there_where_they_are_asked_for(api: Api, web: Site) -> None:
    ld = '<script type="application/ld+json">{"@type":"Thing","name":"N"}</script>'
    micro = '<div itemscope itemtype="https://schema.org/Thing"><i itemprop="name">N</i></div>'
    url = web.page("/a", f"<title>A</title>{ld}{micro}")
    [plain] = results(api.batch(url))
    [extra] = results(api.batch(url, include=["json_ld", "microdata", "json_ld"]))
    assert not {"json_ld", "microdata", "oembed"} & set(plain["data"])
    assert extra["data"]["json_ld"] == [{"@type": "Thing", "name": "N"}]
    assert isinstance(extra["data"]["microdata"], list)
    assert "oembed" not in extra["data"]


def test_what_is_not_done_in_time_times_out_alone(api: Api, web: Site) -> None:
    quick = web.page("/quick", "<title>Quick</title>")
    endless = web.route("/endless", lambda wire, request: wire.silence())
    begun = time.monotonic()
    found = results(api.batch(endless, quick, timeout_ms=600))
    assert [result.get("error", {}).get("code") for result in found] == ["TARGET_TIMEOUT", None]
    assert found[0]["error"]["retryable"] is True
    assert 0.5 < time.monotonic() - begun < 5
    assert web.wait_until_idle(5)


def test_a_timeout_of_one_request_says_nothing_of_the_url(api: Api, web: Site) -> None:
    go_on = threading.Event()

    def route(wire: Wire, request: Request) -> None:
        while not go_on.is_set():
            wire.pause(0.02)
        wire.answer(b"<title>Patience</title>")

    url = web.route("/late", route)
    assert results(api.batch(url, timeout_ms=150))[0]["error"]["code"] == "TARGET_TIMEOUT"
    go_on.set()
    assert results(api.batch(url))[0]["data"]["title"] == "Patience"


@pytest.mark.parametrize("timeout_ms", [100, 20_000])
def test_the_limits_of_timeout_ms_are_allowed(api: Api, web: Site, timeout_ms: int) -> None:
    assert api.batch(web.url("/a"), timeout_ms=timeout_ms).status_code == 200


@pytest.mark.parametrize("timeout_ms", [0, 99, 20_001, -1, 10**400])
def test_a_timeout_ms_out_of_bounds_is_refused(api: Api, web: Site, timeout_ms: int) -> None:
    answer = api.batch(web.url("/a"), timeout_ms=timeout_ms)
    assert (answer.status_code, list(answer.json["error"]["details"]["errors"])) == (400, ["timeout_ms"])


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_a_batch_may_have_as_many_urls_as_the_plan_takes_and_no_more(api: Api, web: Site, plan: Any) -> None:
    url = web.page("/a", "<title>A</title>")
    exact = api.on_plan(plan.name).batch(*[url] * plan.batch_limit)
    one_more = api.on_plan(plan.name).batch(*[url] * (plan.batch_limit + 1))
    assert exact.json["data"]["summary"]["successful"] == plan.batch_limit == {
        "free": 5, "starter": 10, "pro": 25, "business": 50, "enterprise": 100,
    }[plan.name]  # fmt: skip
    assert one_more.json["error"]["code"] == "BATCH_TOO_LARGE"
    assert one_more.json["error"]["details"] == {
        "limit": plan.batch_limit,
        "received": plan.batch_limit + 1,
        "plan": plan.name,
    }


def test_a_hostile_page_makes_no_large_or_broken_result(api: Api, web: Site) -> None:
    big = "x" * 40_000
    images = "".join(f'<meta property="og:image" content="/{n}/{big[:3000]}">' for n in range(500))
    scripts = "".join(f'<meta name="keywords" content="&#0;&#xd800;{big}\x01,{n}">' for n in range(30))
    url = web.page("/hostile", f"<title>{big}\x00\x07</title><meta name=description content='{big}'>{images}{scripts}")
    answer = api.batch(url)
    [result] = strict_json(answer.data)["data"]["results"]
    assert result["success"]
    assert len(answer.data) <= 256 * 1024 + 1_000
    assert not {chr(code) for code in range(32)} - {"\t", "\n"} & set(answer.text)


def test_many_pages_are_fetched_side_by_side(api: Api, web: Site) -> None:
    everyone_is_here = threading.Barrier(20)

    def route(wire: Wire, request: Request) -> None:
        everyone_is_here.wait(10)
        wire.answer(b"<title>Together</title>")

    urls = [web.route(f"/{number}", route) for number in range(20)]
    assert api.batch(*urls).json["data"]["summary"]["successful"] == 20


def test_a_batch_that_finds_no_room_is_overloaded_and_may_come_again(
    make_api: Callable[[Settings], Api], settings: Settings, web: Site
) -> None:
    api = make_api(replace(settings, pool_size=1))
    answer = api.batch(*[web.url(f"/{number}") for number in range(50)])
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "OVERLOADED")
    assert int(answer.headers["Retry-After"]) >= 1
    assert web.requests == []
