"""CORS: what a browser on another origin may ask, and read."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.api.conftest import ORIGIN, Api
from tests.site import Site

EVIL = "https://evil.example"
EXPOSED = {"X-Request-Id", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}


@pytest.fixture
def browser(api: Api) -> Api:
    """The API with a publishable key."""
    return api.on_plan("free", kind="publishable", origins=[ORIGIN, "http://localhost:3000"])


def preflight(api: Api, path: str, method: str = "POST", origin: str = ORIGIN) -> TestResponse:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return api.client.options(path, headers=asked)


@pytest.mark.parametrize("path", ["/v1/extract/batch", "/v1/extract", "/v1/usage", "/v1/batch", "/v1/batch/x"])
def test_a_preflight_needs_no_key_and_names_what_may_be_sent(api: Api, path: str) -> None:
    answer = preflight(api, path)
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert (answer.status_code, answer.data) == (204, b"")
    assert allowed == {"authorization", "content-type", "x-api-key", "idempotency-key"}
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)


def test_options_that_are_no_preflight_name_the_methods(api: Api) -> None:
    answer = api.client.options("/v1/extract/batch")
    assert {"POST", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


def test_any_origin_may_read_what_it_had_a_secret_key_for(api: Api) -> None:
    assert api.get("/v1/usage", headers={"Origin": EVIL}).headers["Access-Control-Allow-Origin"] == "*"


def test_an_allowed_origin_may_read_what_it_had_a_publishable_key_for(browser: Api, web: Site) -> None:
    answer = browser.post(
        "/v1/extract/batch", {"urls": [web.page("/a", "<title>A</title>")]}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]


def test_each_of_several_origins_gets_its_own_name(browser: Api) -> None:
    answer = browser.get("/v1/extract", headers={"Origin": "http://localhost:3000"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


def test_an_error_may_be_read_by_the_allowed_origin(browser: Api) -> None:
    answer = browser.get("/v1/extract?url=nope", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, ORIGIN)


@pytest.mark.parametrize("origin", [EVIL, "null", ""])
def test_another_origin_gets_the_code_of_its_refusal_alone_for_a_publishable_key(
    browser: Api, web: Site, origin: str
) -> None:
    url = web.page("/a", "<title>A</title>")
    answer = browser.post("/v1/extract/batch", {"urls": [url]}, headers={"Origin": origin})
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" in answer.headers["Vary"]
    assert web.requests == []


def test_any_origin_gets_nothing_for_a_secret_key_in_the_query(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    answer = api.client.get(f"/v1/extract?url={url}&api_key={api.key}", headers={"Origin": EVIL})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "INVALID_API_KEY")
    assert web.requests == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/extract/batch", 405), ("GET", "/v1/usage", 401)],
)
def test_errors_without_a_key_may_be_read_by_every_origin(api: Api, method: str, path: str, status: int) -> None:
    answer = api.client.open(path, method=method, headers={"Origin": EVIL})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")


def test_a_mistake_of_ours_may_be_read_as_any_answer(api: Api) -> None:
    with api.services.primary.write() as connection:
        connection.exec_driver_sql("DROP TABLE usage")
    answer = api.get("/v1/usage", headers={"Origin": EVIL})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (500, "*")


@pytest.mark.parametrize("path", ["/v1/usage", "/v1/nothing", "/healthz"])
def test_every_answer_lets_scripts_read_its_id_and_limits(api: Api, path: str) -> None:
    exposed = api.get(path).headers["Access-Control-Expose-Headers"]
    assert set(exposed.split(", ")) >= EXPOSED


def test_no_answer_allows_credentials(api: Api, browser: Api) -> None:
    for answer in (
        api.get("/v1/usage"),
        browser.get("/v1/extract", headers={"Origin": ORIGIN}),
        preflight(api, "/v1/usage"),
    ):
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_answer_names_a_field_twice(api: Api) -> None:
    rules = api.client.application.url_map.iter_rules()
    paths = {rule.rule for rule in rules if "GET" in (rule.methods or ()) and not rule.arguments}
    for path in paths | {"/v1/nothing"}:
        names = [name.lower() for name, _ in api.get(path).headers]
        assert sorted(set(names)) == sorted(names), path
