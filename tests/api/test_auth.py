"""Keys over HTTP: which are taken, from where, and what each refusal is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse, create_environ

from app.api.auth import AUTHENTICATED
from app.settings import Settings
from app.storage.database import Database
from app.storage.generations import Generations
from app.storage.keys import KeyStore
from app.storage.schema import api_keys
from tests.api.conftest import ORIGIN, Api
from tests.site import Site

USAGE = "/v1/usage"
STRANGER = "ks_live_" + "a" * 32


def ask(api: Api, query: str = "", **headers: str) -> TestResponse:
    return api.client.get(USAGE + query, headers={name.replace("_", "-"): value for name, value in headers.items()})


def refusal(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


@pytest.mark.parametrize("path", ["/v1/usage", "/v1/extract?url=https://example.com", "/v1/batch/jobs"])
def test_without_a_key_nothing_is_told(api: Api, path: str) -> None:
    assert refusal(api.client.get(path)) == (401, "MISSING_API_KEY")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {key}"},
        {"authorization": "bearer  {key} "},
        {"AUTHORIZATION": "BEARER {key}"},
        {"X-Api-Key": "{key}"},
        {"x-api-KEY": " {key} "},
        {"X-Api-Key": "{key}", "Authorization": "Bearer {key}"},
        {"X-Api-Key": "{key}, {key}"},
        {"X-Api-Key": "", "Authorization": "Bearer {key}"},
    ],
)
def test_a_key_may_come_in_either_header_in_any_case(api: Api, headers: dict[str, str]) -> None:
    sent = {name: value.format(key=api.key) for name, value in headers.items()}
    assert api.client.get(USAGE, headers=sent).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Api_Key": STRANGER, "Authorization": "Bearer {key}"},
        {"X_Api_Key": "{key}," + STRANGER},
        {"Authorization": "Bearer {key}, Bearer " + STRANGER},
    ],
)
def test_two_different_keys_are_refused(api: Api, headers: dict[str, str]) -> None:
    answer = ask(api, **{name: value.format(key=api.key) for name, value in headers.items()})
    assert refusal(answer) == (401, "INVALID_API_KEY")
    assert "two different keys" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "key",
    [
        STRANGER,
        "ks_live_",
        "ks_live_short",
        "KS_LIVE_" + "a" * 32,
        "ks_live_" + "a" * 33,
        "ks_live_" + "ä" * 32,
        "ks_live_" + "a" * 31 + "/",
        "key",
        "x" * 5_000,
        "undefined",
        "' OR 1=1 --",
    ],
)
def test_what_is_no_key_of_ours_is_refused(api: Api, key: str) -> None:
    assert refusal(ask(api, X_Api_Key=key)) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Token {key}", "{key}", "Digest realm=x, nonce=y"])
def test_another_scheme_than_bearer_is_refused(api: Api, value: str) -> None:
    assert refusal(ask(api, Authorization=value.format(key=api.key))) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", ""])
def test_a_header_without_a_key_is_no_key(api: Api, value: str) -> None:
    assert refusal(ask(api, Authorization=value)) == (401, "MISSING_API_KEY")


@pytest.mark.parametrize("kind", ["live", "test"])
def test_a_secret_key_in_a_query_string_is_refused_and_told_why(api: Api, kind: str) -> None:
    key = api.on_plan("free", kind=kind).key
    answer = ask(api, f"?api_key={key}")
    assert refusal(answer) == (401, "INVALID_API_KEY")
    assert "logs" in answer.json["error"]["message"]
    assert key not in answer.text


def test_a_secret_key_in_a_query_string_is_refused_though_it_is_in_a_header_too(api: Api) -> None:
    assert refusal(ask(api, f"?api_key={api.key}", X_Api_Key=api.key)) == (401, "INVALID_API_KEY")


def test_an_empty_key_in_a_query_string_is_no_key(api: Api) -> None:
    assert refusal(ask(api, "?api_key=")) == (401, "MISSING_API_KEY")


def test_a_publishable_key_may_come_in_the_query_string(api: Api, web: Site) -> None:
    browser = api.on_plan("free", kind="publishable", origins=[ORIGIN])
    url = web.page("/a", "<title>A</title>")
    posted = api.client.post(
        f"/v1/extract/batch?api_key={browser.key}", json={"urls": [url]}, headers={"Origin": ORIGIN}
    )
    got = api.client.get(f"/v1/extract?url={url}&api_key={browser.key}", headers={"Origin": ORIGIN})
    assert (posted.status_code, got.status_code) == (200, 200)


def test_two_keys_in_query_and_header_are_refused(api: Api) -> None:
    browser = api.on_plan("free", kind="publishable", origins=[ORIGIN])
    answer = ask(api, f"?api_key={browser.key}", X_Api_Key=api.key, Origin=ORIGIN)
    assert refusal(answer) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/usage"),
        ("POST", "/v1/batch"),
        ("GET", "/v1/batch/jobs"),
        ("GET", "/v1/batch/9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019"),
        ("DELETE", "/v1/batch/9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019"),
        ("GET", "/v1/batch/9d7b2c8e-8a4b-4c10-9af3-65f4f8f6c019/results"),
    ],
)
def test_a_publishable_key_works_for_no_other_endpoint(api: Api, method: str, path: str) -> None:
    browser = api.on_plan("free", kind="publishable", origins=[ORIGIN])
    answer = api.client.open(path, method=method, json={}, headers={"X-Api-Key": browser.key, "Origin": ORIGIN})
    assert refusal(answer) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443"]
)
def test_a_publishable_key_works_from_no_other_origin(api: Api, origin: str | None) -> None:
    browser = api.on_plan("free", kind="publishable", origins=[ORIGIN])
    headers = {"X-Api-Key": browser.key} | ({"Origin": origin} if origin else {})
    answer = api.client.get("/v1/extract?url=https://example.com", headers=headers)
    assert refusal(answer) == (403, "ORIGIN_NOT_ALLOWED")


def test_another_origin_uses_up_nothing_of_a_publishable_key(api: Api) -> None:
    browser = api.on_plan("free", kind="publishable", origins=[ORIGIN])
    for _ in range(3):
        answer = api.client.get("/v1/extract", headers={"X-Api-Key": browser.key, "Origin": "https://evil.example"})
        assert answer.headers["X-RateLimit-Remaining"] == "10"


def test_a_revoked_key_says_so(api: Api) -> None:
    other = api.on_plan("free")
    assert other.get(USAGE).status_code == 200
    api.services.keys.revoke(other.key)
    assert refusal(other.get(USAGE)) == (401, "API_KEY_REVOKED")


def test_a_key_that_another_process_revokes_stops_at_once(api: Api) -> None:
    other = api.on_plan("free")
    assert other.get(USAGE).status_code == 200
    database = Database(api.services.settings.database)
    KeyStore(database, Generations(api.services.settings.generations_file)).revoke(other.key)
    database.engine.dispose()
    assert refusal(other.get(USAGE)) == (401, "API_KEY_REVOKED")


def age(api: Api, **columns: float | None) -> None:
    with api.services.primary.write() as connection:
        connection.execute(api_keys.update().values(**columns))


DAY = 86_400


@pytest.mark.parametrize(
    ("kind", "made", "used", "status"),
    [
        ("test", 31, None, 401),
        ("test", 29.9, None, 200),
        ("test", 400, 29.9, 200),
        ("test", 400, 30.1, 401),
        ("live", 400, None, 200),
        ("live", 400, 399, 200),
    ],
)
def test_a_test_key_expires_after_30_days_without_use(
    api: Api, kind: str, made: float, used: float | None, status: int
) -> None:
    other, now = api.on_plan("free", kind=kind), time.time()
    age(api, created_at=now - made * DAY, last_used_at=None if used is None else now - used * DAY)
    answer = other.get(USAGE)
    assert answer.status_code == status
    assert status == 200 or refusal(answer) == (401, "API_KEY_EXPIRED")


def test_using_a_test_key_keeps_it_alive(api: Api) -> None:
    other = api.on_plan("free", kind="test")
    age(api, created_at=time.time() - 29 * DAY)
    assert other.get(USAGE).status_code == 200
    used = next(key.last_used_at for key in api.services.keys.list() if key.kind == "test")
    assert used
    assert time.time() - used < 60


def test_a_key_of_a_plan_that_is_gone_is_refused_and_told_why(
    make_api: Callable[[Settings], Api], settings: Settings, api: Api
) -> None:
    pro = api.on_plan("pro")
    without = make_api(replace(settings, plans={"enterprise": settings.plans["enterprise"]}))
    answer = without.client.get(USAGE, headers={"X-Api-Key": pro.key})
    assert refusal(answer) == (401, "INVALID_API_KEY")
    assert "'pro'" in answer.json["error"]["message"]


def test_no_answer_repeats_a_key(api: Api) -> None:
    for answer in (ask(api, X_Api_Key=STRANGER), ask(api, f"?api_key={api.key}"), api.get("/v1/nothing")):
        assert STRANGER not in answer.text
        assert api.key not in answer.text


def test_the_server_is_told_which_keys_exist(api: Api) -> None:
    def told(key: str) -> bool:
        environ = create_environ("/v1/usage", headers={"X-Api-Key": key})
        api.client.application(environ, lambda *_: lambda _: None)
        return AUTHENTICATED in environ

    assert told(api.key)
    assert not told("ks_live_" + "a" * 32)
