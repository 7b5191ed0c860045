"""`/v1/batch` over the real application: what is asked for, shown, listed, streamed and cancelled."""

from __future__ import annotations

import csv
import dataclasses
import io
import logging
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from app.jobs.embedded import Supervisor
from app.jobs.item_pool import ItemPool
from app.jobs.result_writer import ResultWriter
from app.settings import Proxy, Settings
from tests.api.conformance import conforms
from tests.api.conftest import Api
from tests.api.test_read import PAGE as STORY
from tests.api.test_read import SENTENCE
from tests.servers import until
from tests.site import Site

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
A, B = "https://a.example/", "https://b.example/x"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No runner is started: jobs stay as they are, until a test works them off."""
    monkeypatch.setattr(Supervisor, "start", lambda self: None)


@pytest.fixture
def jobs(still: None, api: Api) -> Api:
    return api


def work_off(api: Api, owner: str = "owner", limit: int | None = None) -> None:
    """What a runner does, here and now."""
    tools = api.services.job_dependencies()
    ledger = ResultWriter(tools.queue, owner)
    with ItemPool(tools.queue, owner, tools.run, ledger, size=8, allowance=tools.allowance) as crew:
        crew.work(limit)


def submit(api: Api, *urls: str, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
    return api.post("/v1/batch", {"urls": list(urls), **fields}, headers=headers or {})


def submitted(api: Api, *urls: str, **fields: Any) -> str:
    response = submit(api, *urls, **fields)
    assert response.status_code == 202, response.text
    return str(response.json["job_id"])


def job(api: Api, job_id: str, query: str = "") -> Any:
    response = api.get(f"/v1/batch/{job_id}{query}")
    assert response.status_code == 200, response.text
    conforms("Job", response.json)
    return response.json


def error(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.json["error"]["code"]


def test_a_job_is_accepted_at_once(jobs: Api) -> None:
    response = submit(jobs, A, B)
    job_id = response.json["job_id"]
    assert (response.status_code, response.json) == (
        202,
        {
            "job_id": job_id,
            "status": "queued",
            "status_url": f"/v1/batch/{job_id}",
            "accepted_urls": 2,
            "invalid_urls": [],
        },
    )


def test_a_thousand_urls_are_accepted_in_a_moment(jobs: Api) -> None:
    submitted(jobs, A)
    begun = time.perf_counter()
    submitted(jobs, *(f"https://example.com/{number}" for number in range(1_000)))
    assert time.perf_counter() - begun < 2  # 250 ms is promised; this machine may be busy


def test_a_new_job_shows_what_was_asked(jobs: Api) -> None:
    job_id = submitted(jobs, A, B)
    created_at = job(jobs, job_id)["created_at"]
    assert job(jobs, job_id) == {
        "job_id": job_id,
        "status": "queued",
        "batch_config": {
            "render_js": False,
            "formats": ["markdown"],
            "include_metadata": False,
            "proxy": {"country": None, "type": None},
            "headers": None,
            "wait_config": None,
        },
        "token_summary": {"tokens_charged_total": 0, "tokens_reserved": 2},
        "total_urls": 2,
        "completed_urls": 0,
        "failed_urls": 0,
        "cancelled_urls": 0,
        "pending_urls": 2,
        "invalid_urls": [],
        "created_at": created_at,
        "completed_at": None,
        "results": [],
    }


def test_a_job_turns_pages_into_markdown(jobs: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title><h1>Hello</h1><p>Text with <a href='/b'>a link</a>.")
    job_id = submitted(jobs, url)
    work_off(jobs)
    shown = job(jobs, job_id)
    [result] = shown["results"]
    assert (shown["status"], shown["completed_urls"], shown["pending_urls"]) == ("completed", 1, 0)
    assert result["data"]["markdown"].startswith("# Hello\n\nText with [a link](http://127.0.0.1:")
    assert (result["data"]["html"], result["data"]["metadata"]) == (None, None)
    assert result["metadata"] == {
        "http_status": 200,
        "duration_ms": result["metadata"]["duration_ms"],
        "tokens_charged": 1,
        "attempts": 1,
        "reason": None,
    }


def test_the_main_content_alone_leaves_menus_out(jobs: Api, web: Site) -> None:
    url = web.page("/story", STORY)
    job_ids = [submitted(jobs, url, only_main_content=only) for only in (True, False)]
    work_off(jobs)
    main, whole = (job(jobs, each)["results"][0]["data"]["markdown"] for each in job_ids)
    assert SENTENCE.strip() in main
    assert ("Imprint" in main, "Imprint" in whole) == (False, True)
    assert job(jobs, job_ids[0])["batch_config"]["only_main_content"] is True


def test_html_is_the_decoded_page_and_metadata_its_card(jobs: Api, web: Site) -> None:
    url = web.page("/a", "<title>Caf\xe9</title>")
    job_id = submitted(jobs, url, formats=["html"], include_metadata=True)
    work_off(jobs)
    [result] = job(jobs, job_id)["results"]
    assert "<title>Caf\xe9</title>" in result["data"]["html"]
    assert (result["data"]["metadata"]["title"], result["data"]["markdown"]) == ("Caf\xe9", None)


def test_metadata_alone_needs_no_format(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, web.page("/a", "<title>T</title>"), formats=[], include_metadata=True)
    work_off(jobs)
    [result] = job(jobs, job_id)["results"]
    assert result["data"]["metadata"]["title"] == "T"


def test_a_url_that_fails_says_why(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, web.url("/missing"), web.page("/a", "<p>fine"))
    work_off(jobs)
    shown = job(jobs, job_id)
    assert (shown["status"], shown["failed_urls"], shown["completed_urls"]) == ("completed", 1, 1)
    failed = shown["results"][0]
    assert (failed["status"], failed["error_code"], failed["data"]) == ("failed", "TARGET_HTTP_ERROR", None)
    assert failed["metadata"]["http_status"] == 404
    assert failed["metadata"]["tokens_charged"] == 0


def test_a_target_that_policy_refuses_fails_as_an_item(jobs: Api) -> None:
    job_id = submitted(jobs, "http://10.0.0.1/")
    work_off(jobs)
    [result] = job(jobs, job_id)["results"]
    assert result["error_code"] == "TARGET_NOT_ALLOWED"
    assert job(jobs, job_id)["status"] == "failed"


def test_duplicates_are_items_of_their_own(jobs: Api, web: Site) -> None:
    url = web.page("/a", "<p>one")
    job_id = submitted(jobs, url, url)
    work_off(jobs)
    assert [result["input_index"] for result in job(jobs, job_id)["results"]] == [0, 1]


def test_what_cannot_be_read_is_not_queued_and_keeps_its_place(jobs: Api, web: Site) -> None:
    url = web.page("/a", "<p>one")
    response = submit(jobs, "nonsense", url, "ftp://x.example/")
    assert (response.json["accepted_urls"], response.json["invalid_urls"]) == (1, ["nonsense", "ftp://x.example/"])
    work_off(jobs)
    shown = job(jobs, response.json["job_id"])
    assert shown["invalid_urls"] == ["nonsense", "ftp://x.example/"]
    assert [result["input_index"] for result in shown["results"]] == [1]


def test_one_bad_url_fails_the_request_if_asked(jobs: Api) -> None:
    response = submit(jobs, A, "nonsense", ignore_invalid_urls=False)
    assert error(response) == (400, "INVALID_URL")
    [invalid] = response.json["error"]["details"]["invalid_urls"]
    assert (invalid["index"], invalid["url"]) == (1, "nonsense")


def test_a_job_of_nothing_that_can_be_read_is_refused(jobs: Api) -> None:
    assert error(submit(jobs, "nonsense", "\ud800")) == (400, "INVALID_URL")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"urls": []}, "urls"),
        ({"urls": [A] * 1_001}, "urls"),
        ({"urls": A}, "urls"),
        ({"urls": [A, 5]}, "urls.1"),
        ({"formats": ["pdf"]}, "formats.0"),
        ({"formats": []}, "formats"),
        ({"render_js": "yes"}, "render_js"),
        ({"ignore_invalid_urls": 1}, "ignore_invalid_urls"),
        ({"wait_config": {"wait_until": "soon"}}, "wait_config.wait_until"),
        ({"wait_config": {"wait_timeout": 30_001}}, "wait_config.wait_timeout"),
        ({"wait_config": {"wait_timeout": "5"}}, "wait_config.wait_timeout"),
        ({"wait_config": {"wait_for": "]["}}, "wait_config.wait_for"),
        ({"wait_config": {"more": 1}}, "wait_config.more"),
        ({"proxy": {"country": "de"}}, "proxy.country"),
        ({"proxy": {"country": "DE\n"}}, "proxy.country"),
        ({"proxy": {"type": "mobile"}}, "proxy.type"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"X-A": "a\r\nb"}}, "headers"),
        ({"headers": {"X-A": 5}}, "headers.X-A.value"),
        ({"headers": ["X-A"]}, "headers"),
        ({"webhook": {"secret": SECRET}}, "webhook.url"),
        ({"webhook": {"url": "ftp://x.example", "secret": SECRET}}, "webhook.url"),
        ({"webhook": {"url": A, "secret": "secret"}}, "webhook.secret"),
        ({"webhook": {"url": A, "secret": "whsec_*"}}, "webhook.secret"),
        ({"webhook": {"url": A}}, "webhook.secret"),
        ({"webhook": "https://x.example"}, "webhook"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_malformed_is_named(jobs: Api, fields: dict[str, Any], named: str) -> None:
    response = jobs.post("/v1/batch", {"urls": [A]} | fields)
    assert error(response) == (400, "INVALID_BODY")
    assert named in response.json["error"]["details"]["errors"]


def test_a_thousand_urls_fit_on_every_plan(jobs: Api) -> None:
    assert submit(jobs.on_plan("free"), *[A] * 1_000).json["accepted_urls"] == 1_000


def test_a_proxy_that_nobody_offers_is_unavailable(jobs: Api) -> None:
    assert error(submit(jobs, A, proxy={"country": "DE"})) == (400, "PROXY_UNAVAILABLE")


def test_a_proxy_is_shown_and_its_address_is_not(
    still: None, make_api: Callable[[Settings], Api], settings: Settings
) -> None:
    offered = (Proxy("DE", "residential", "http://user:pass@127.0.0.1:9"),)
    api = make_api(dataclasses.replace(settings, proxies=offered))
    job_id = submitted(api, A, proxy={"country": "DE", "type": None})
    assert job(api, job_id)["batch_config"]["proxy"] == {"country": "DE", "type": None}
    assert "user:pass" not in api.get(f"/v1/batch/{job_id}").text


def test_rendering_needs_a_browser(jobs: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(jobs.services.renderer), "unavailable_reason", staticmethod(lambda settings: "Install it"))
    assert error(submit(jobs, A, render_js=True)) == (400, "RENDERING_UNAVAILABLE")


def test_headers_are_sent_and_their_values_never_shown(
    jobs: Api, web: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = web.page("/a", "<p>one")
    response = jobs.post("/v1/batch", {"urls": [url], "headers": {"X-Token": "s3cr3t"}})
    job_id = response.json["job_id"]
    work_off(jobs)
    assert web.requests[-1].headers["x-token"] == "s3cr3t"
    shown = jobs.get(f"/v1/batch/{job_id}").text + jobs.get("/v1/batch/jobs").text
    assert '"X-Token":"[hidden]"' in shown
    captured = capfd.readouterr()
    assert "s3cr3t" not in shown + caplog.text + captured.out + captured.err


def test_the_same_idempotency_key_and_body_is_the_same_job(jobs: Api) -> None:
    first = submit(jobs, A, headers={"Idempotency-Key": "k1"})
    again = submit(jobs, A, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json) == (202, first.json)


def test_the_same_idempotency_key_with_another_body_conflicts(jobs: Api) -> None:
    submit(jobs, A, headers={"Idempotency-Key": "k1"})
    assert error(submit(jobs, B, headers={"Idempotency-Key": "k1"})) == (409, "IDEMPOTENCY_CONFLICT")


def test_an_idempotency_key_has_a_sane_length(jobs: Api) -> None:
    assert error(submit(jobs, A, headers={"Idempotency-Key": "k" * 256})) == (400, "INVALID_BODY")


def test_results_are_paged(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, *[web.page(f"/{n}", f"<p>{n}") for n in range(5)])
    work_off(jobs)
    assert [result["input_index"] for result in job(jobs, job_id, "?page=2&page_size=2")["results"]] == [2, 3]
    assert job(jobs, job_id, "?page=9&page_size=2")["results"] == []


@pytest.mark.parametrize("query", ["page=0", "page_size=51", "page=x", "page_size=0", "more=1", "page=1&page=2"])
def test_bad_pages_are_refused(jobs: Api, query: str) -> None:
    assert error(jobs.get(f"/v1/batch/{submitted(jobs, A)}?{query}")) == (400, "INVALID_BODY")


def test_cancelling_tells_what_is_in_flight(jobs: Api) -> None:
    job_id = submitted(jobs, A, B)
    jobs.services.jobs.queue.claim("owner", 1)
    response = jobs.delete(f"/v1/batch/{job_id}")
    conforms("JobCancelled", response.json)
    assert (response.status_code, response.json["status"], response.json["in_flight_urls"]) == (202, "cancelled", 1)
    assert job(jobs, job_id)["cancelled_urls"] == 1
    assert error(jobs.delete(f"/v1/batch/{job_id}")) == (409, "JOB_FINISHED")


@pytest.mark.parametrize("job_id", ["9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019", "nonsense", "%00"])
def test_an_unknown_job_is_not_found(jobs: Api, job_id: str) -> None:
    assert error(jobs.get(f"/v1/batch/{job_id}")) == (404, "JOB_NOT_FOUND")
    assert error(jobs.delete(f"/v1/batch/{job_id}")) == (404, "JOB_NOT_FOUND")
    assert error(jobs.get(f"/v1/batch/{job_id}/results")) == (404, "JOB_NOT_FOUND")


def test_one_key_never_sees_anothers_job(jobs: Api) -> None:
    job_id, stranger = submitted(jobs, A), jobs.on_plan("pro")
    assert error(stranger.get(f"/v1/batch/{job_id}")) == (404, "JOB_NOT_FOUND")
    assert error(stranger.delete(f"/v1/batch/{job_id}")) == (404, "JOB_NOT_FOUND")
    assert error(stranger.get(f"/v1/batch/{job_id}/results")) == (404, "JOB_NOT_FOUND")
    assert stranger.get("/v1/batch/jobs").json["jobs"] == []


def test_lists_show_the_newest_first(jobs: Api) -> None:
    made = [submitted(jobs, A) for _ in range(3)]
    response = jobs.get("/v1/batch/jobs?page_size=2")
    conforms("JobList", response.json)
    assert [each["job_id"] for each in response.json["jobs"]] == made[:0:-1]
    assert (response.json["page"], response.json["page_size"], response.json["page_count"]) == (1, 2, 2)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=queued", 1),
        ("status=failed", 0),
        ("start_date=2020-01-01", 1),
        ("start_date=2999-01-01T00:00:00Z", 0),
        ("end_date=2020-01-01", 0),
        ("end_date=2999-12-31T00:00:00.000000%2B0000", 1),
        ("end_date=2999-12-31T00:00:00+02:00", 1),
    ],
)
def test_lists_can_be_narrowed(jobs: Api, query: str, count: int) -> None:
    submitted(jobs, A)
    assert len(jobs.get(f"/v1/batch/jobs?{query}").json["jobs"]) == count


@pytest.mark.parametrize("query", ["status=done", "start_date=yesterday", "page_size=101"])
def test_bad_filters_are_refused(jobs: Api, query: str) -> None:
    assert error(jobs.get(f"/v1/batch/jobs?{query}")) == (400, "INVALID_BODY")


def test_results_stream_as_ndjson(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, web.page("/a", "<p>one"), web.url("/missing"))
    work_off(jobs)
    response = jobs.get(f"/v1/batch/{job_id}/results")
    assert response.mimetype == "application/x-ndjson"
    lines = [orjson.loads(line) for line in response.data.splitlines()]
    assert lines == job(jobs, job_id)["results"]


def test_results_stream_as_csv(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, web.page("/a", '<p>one, "two"<p>three'), web.url("/missing"), include_metadata=True)
    work_off(jobs)
    response = jobs.get(f"/v1/batch/{job_id}/results?format=csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert response.mimetype == "text/csv"
    assert [row["status"] for row in rows] == ["completed", "failed"]
    assert rows[0]["markdown"] == 'one, "two"\n\nthree\n'
    assert orjson.loads(rows[0]["metadata"])["url"] == rows[0]["url"]
    assert rows[1]["error_code"] == "TARGET_HTTP_ERROR"


def test_a_running_job_streams_what_it_has(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, *[web.page(f"/{n}", f"<p>{n}") for n in range(4)])
    work_off(jobs, limit=2)
    assert len(jobs.get(f"/v1/batch/{job_id}/results").data.splitlines()) == 2
    assert job(jobs, job_id)["status"] == "processing"


def test_each_item_that_succeeded_counts_against_the_month(jobs: Api, web: Site) -> None:
    url = web.page("/a", "<p>one")
    submitted(jobs, url, web.url("/missing"))
    work_off(jobs)
    submitted(jobs, url, url)
    work_off(jobs)
    assert jobs.get("/v1/usage").json["data"]["used"]["urls"] == 3


def test_items_past_the_month_fail_and_later_jobs_are_refused(jobs: Api, web: Site) -> None:
    poor = jobs.on_plan("free")
    job_id = submitted(poor, web.page("/a", "<p>one"))
    key_id = poor.services.keys.list()[-1].id
    poor.services.usage.add(key_id, 500)
    work_off(poor)
    [result] = job(poor, job_id)["results"]
    assert result["error_code"] == "QUOTA_EXCEEDED"
    assert error(submit(poor, A)) == (429, "QUOTA_EXCEEDED")


def test_a_plan_bounds_the_open_jobs_of_a_key(jobs: Api) -> None:
    poor = jobs.on_plan("free")
    for _ in range(5):
        submitted(poor, A)
    answer = submit(poor, A)
    assert error(answer) == (429, "QUOTA_EXCEEDED")
    assert answer.json["error"]["details"] == {"limit": "open_jobs", "plan": "free"}


def test_a_webhook_tells_that_the_job_ended(jobs: Api, web: Site) -> None:
    hook = web.page("/hook", "thanks")
    job_id = submitted(jobs, web.page("/a", "<p>one"), webhook={"url": hook, "secret": SECRET})
    assert job(jobs, job_id)["webhook"]["status"] == "waiting"
    work_off(jobs)
    with jobs.services.job_dependencies().courier.at_work():
        until(lambda: job(jobs, job_id)["webhook"]["status"] == "delivered")
    told = next(request for request in web.requests if request.path == "/hook")
    assert orjson.loads(told.body)["data"]["job_id"] == job_id
    assert SECRET not in jobs.get(f"/v1/batch/{job_id}").text


def test_a_webhook_passes_the_guard(jobs: Api, web: Site) -> None:
    job_id = submitted(jobs, web.page("/a", "<p>one"), webhook={"url": "http://10.0.0.1/", "secret": SECRET})
    work_off(jobs)
    with jobs.services.job_dependencies().courier.at_work():
        until(lambda: job(jobs, job_id)["webhook"]["last_error"] == "TARGET_NOT_ALLOWED")
    assert job(jobs, job_id)["webhook"]["status"] == "pending"


def test_the_servers_own_secret_signs_if_none_is_sent(
    still: None, make_api: Callable[[Settings], Api], settings: Settings
) -> None:
    api = make_api(dataclasses.replace(settings, webhook_secret=SECRET))
    assert submit(api, A, webhook={"url": A}).status_code == 202


def test_a_publishable_key_makes_no_jobs(jobs: Api) -> None:
    browser = jobs.on_plan("pro", kind="publishable", origins=["https://shop.example"])
    assert error(submit(browser, A, headers={"Origin": "https://shop.example"})) == (403, "ORIGIN_NOT_ALLOWED")


def test_a_job_runs_by_itself(api: Api, web: Site) -> None:
    job_id = submitted(api, *[web.page(f"/{n}", f"<p>{n}") for n in range(20)])
    until(lambda: job(api, job_id)["status"] == "completed")
    assert len(job(api, job_id, "?page_size=50")["results"]) == 20
