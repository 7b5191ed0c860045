"""What a key may do, over HTTP: requests a minute, URLs a month, and the order in which a request is judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.plans import PLANS, Plan, load_plans
from app.settings import Settings
from tests.api.conftest import ORIGIN, Api
from tests.site import Site

BATCH = "/v1/extract/batch"
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

OnPlan = Callable[[Plan], Api]


@pytest.fixture
def on_plan(make_api: Callable[[Settings], Api], settings: Settings) -> OnPlan:
    """The API with a key on a plan of the test's own."""
    return lambda plan: make_api(replace(settings, plans=PLANS | {plan.name: plan})).on_plan(plan.name)


def used(api: Api) -> int:
    return api.get("/v1/usage").json["data"]["used"]["urls"]


# Requests a minute -----------------------------------------------------------------------------------------------


def test_a_request_takes_one_token_however_many_urls_it_carries(on_plan: OnPlan, web: Site) -> None:
    api = on_plan(Plan("slow", batch_limit=5, per_minute=1, burst=3))
    answer = api.batch(*[web.page(f"/{number}", "<title>A</title>") for number in range(5)])
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("1", "2")


def test_reset_is_when_the_bucket_is_full_again(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=5, per_minute=6, burst=3))
    for taken in (1, 2):
        reset = int(api.get("/v1/extract").headers["X-RateLimit-Reset"])
        assert reset == pytest.approx(time.time() + taken * 10, abs=5)


def test_who_has_no_token_left_is_told_when_to_come_again(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=5, per_minute=2, burst=2))
    answers = [api.get("/v1/extract") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert answers[2].json["error"]["details"] == {"per_minute": 2, "burst": 2, "plan": "slow"}
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30


def test_a_token_comes_back_with_time(on_plan: OnPlan) -> None:
    api = on_plan(Plan("quick", batch_limit=5, per_minute=120, burst=1))
    assert api.get("/v1/extract").status_code == 400
    deadline = time.monotonic() + 10
    while api.get("/v1/extract").status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_key_takes_nothing_from_another(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=5, per_minute=1, burst=1))
    assert [api.get("/v1/extract").status_code, api.get("/v1/extract").status_code] == [400, 429]
    assert api.on_plan("slow").get("/v1/extract").status_code == 400


def test_usage_answers_though_no_token_is_left_and_takes_none(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=5, per_minute=1, burst=1))
    assert [api.get("/v1/usage").headers["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "1"]
    api.get("/v1/extract")
    answer = api.get("/v1/usage")
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "0")


def test_every_answer_to_a_key_tells_its_rate(api: Api) -> None:
    for answer in (
        api.get("/v1/usage"),
        api.get("/v1/extract"),
        api.batch("nope"),
        api.post(BATCH, data=b"{"),
        api.get("/v1/batch/jobs"),
        api.get("/v1/batch/9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019"),
    ):
        assert set(RATE_HEADERS) <= set(answer.headers.keys()), answer.request.path


def test_a_plan_without_a_rate_tells_none(on_plan: OnPlan) -> None:
    api = on_plan(Plan("open", batch_limit=5))
    for answer in (api.get("/v1/usage"), api.get("/v1/extract")):
        assert not set(RATE_HEADERS) & set(answer.headers.keys())


# URLs a month ----------------------------------------------------------------------------------------------------


def test_usage_tells_plan_limits_and_month(api: Api) -> None:
    assert api.on_plan("pro").get("/v1/usage").json["data"] == {
        "plan": "pro",
        "limits": {"batch_limit": 25, "per_minute": 1000, "burst": 100, "per_month": 50000},
        "used": {"month": time.strftime("%Y-%m", time.gmtime()), "urls": 0},
    }


def test_a_limit_that_is_none_is_null(on_plan: OnPlan) -> None:
    limits = on_plan(Plan("open", batch_limit=7)).get("/v1/usage").json["data"]["limits"]
    assert limits == {"batch_limit": 7, "per_minute": None, "burst": None, "per_month": None}


def test_only_urls_that_were_read_count_and_hits_do_not(api: Api, web: Site) -> None:
    pages = [web.page(f"/{number}", "<title>A</title>") for number in range(3)]
    api.batch(*pages, pages[0], web.url("/nothing"), "nope", ignore_invalid_urls=True)
    assert used(api) == 3
    api.batch(*pages)
    assert used(api) == 3
    api.get("/v1/extract", query_string={"url": pages[0], "cache": "false"})
    assert used(api) == 4


def test_a_stream_counts_as_any_answer(api: Api, web: Site) -> None:
    pages = [web.page(f"/{number}", "<title>A</title>") for number in range(3)]
    for _ in range(2):
        lines = api.post(BATCH, {"urls": pages}, headers={"Accept": "application/x-ndjson"}).data.splitlines()
        assert len(lines) == 4
    assert used(api) == 3


def test_a_month_that_is_used_up_refuses_requests_until_the_next(on_plan: OnPlan, web: Site) -> None:
    api = on_plan(Plan("small", batch_limit=5, per_month=2))
    pages = [web.page(f"/{number}", "<title>A</title>") for number in range(3)]
    assert api.batch(*pages).json["data"]["summary"]["successful"] == 3  # what was in flight may overshoot
    for refused in (api.batch(pages[0]), api.get("/v1/extract", query_string={"url": pages[0]})):
        assert (refused.status_code, refused.json["error"]["code"]) == (429, "QUOTA_EXCEEDED")
        assert refused.json["error"]["details"] == {"per_month": 2, "plan": "small"}
        assert 1 <= int(refused.headers["Retry-After"]) <= 31 * 86_400
    assert used(api) == 3


def test_one_key_uses_nothing_of_anothers_month(on_plan: OnPlan, web: Site) -> None:
    api = on_plan(Plan("small", batch_limit=5, per_month=1))
    api.batch(web.page("/a", "<title>A</title>"))
    assert api.on_plan("small").batch(web.page("/b", "<title>B</title>")).status_code == 200


def test_a_file_replaces_the_plans(make_api: Callable[[Settings], Api], settings: Settings) -> None:
    table = settings.data_dir / "plans.toml"
    table.write_text("[enterprise]\nbatch_limit = 2\n[tiny]\nbatch_limit = 1\nper_minute = 30\n")
    api = make_api(replace(settings, plans=load_plans(table))).on_plan("tiny")
    assert api.get("/v1/usage").json["data"]["limits"] == {
        "batch_limit": 1,
        "per_minute": 30,
        "burst": None,
        "per_month": None,
    }
    assert api.batch("https://a.example/", "https://b.example/").json["error"]["code"] == "BATCH_TOO_LARGE"


# The order of the checks -----------------------------------------------------------------------------------------


def test_the_key_is_judged_before_the_rate(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=1, per_minute=1, burst=1))
    browser = api.on_plan("slow", kind="publishable", origins=[ORIGIN])
    for _ in range(2):
        assert browser.batch("nope").json["error"]["code"] == "ORIGIN_NOT_ALLOWED"


def test_the_rate_is_judged_before_the_body(on_plan: OnPlan) -> None:
    api = on_plan(Plan("slow", batch_limit=1, per_minute=1, burst=1))
    codes = [api.post(BATCH, data=b"{", headers={"Content-Type": "text/plain"}).json["error"]["code"] for _ in "12"]
    assert codes == ["UNSUPPORTED_MEDIA_TYPE", "RATE_LIMIT_EXCEEDED"]


@pytest.mark.parametrize("field", [{"cache": "yes"}, {"timeout_ms": 10**6}, {"unknown": 1}, {"include": ["x"]}])
def test_the_body_is_judged_before_the_size_of_the_batch(api: Api, field: dict[str, object]) -> None:
    assert api.batch(*["nope"] * 101, **field).json["error"]["code"] == "INVALID_BODY"


def test_the_size_of_the_batch_is_judged_before_its_urls(api: Api) -> None:
    assert api.batch(*["nope"] * 101).json["error"]["code"] == "BATCH_TOO_LARGE"
    assert api.batch(*["nope"] * 101, ignore_invalid_urls=True).json["error"]["code"] == "BATCH_TOO_LARGE"
