"""What operators ask, and the headers and errors that every path shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from app.networks import parse_trusted
from app.settings import Settings
from tests.api.conftest import Api
from tests.site import Site

pytestmark = pytest.mark.slow


def test_the_process_says_that_it_lives(api: Api) -> None:
    answer = api.client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_service_whose_stores_answer_is_ready(api: Api) -> None:
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    assert set(answer.json["stores"].values()) == {"ok"}


def test_a_service_whose_redis_is_gone_is_ready_and_says_so(
    make_api: Callable[[Settings], Api], settings: Settings
) -> None:
    answer = make_api(replace(settings, redis_url="redis://127.0.0.1:1/0")).client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert answer.json["stores"] == {"database": "ok", "shared": "ok", "redis": "failed"}


def test_a_service_whose_database_is_gone_is_not_ready(make_api: Callable[[Settings], Api], settings: Settings) -> None:
    api = make_api(settings)
    for file in settings.data_dir.glob("pagecard.sqlite3*"):
        file.unlink()
    answer = api.client.get("/readyz")
    assert (answer.status_code, answer.json["stores"]["database"]) == (503, "failed")
    assert answer.headers["Retry-After"]


def test_a_database_that_is_away_is_asked_again_later(
    make_api: Callable[[Settings], Api], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = make_api(settings)
    gone = sa.exc.OperationalError("SELECT", None, Exception("server closed the connection"))
    monkeypatch.setattr("app.storage.usage.Usage.used", raising(gone))
    answer = api.get("/v1/usage")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "OVERLOADED")
    assert answer.headers["Retry-After"]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_figures_are_there_for_prometheus(api: Api, web: Site) -> None:
    api.batch(web.page("/a", "<title>A</title>")).close()  # as a server does: what is counted is what has gone
    answer = api.client.get("/metrics")
    assert answer.mimetype == "text/plain"
    assert re.search(r'^pagecard_fetches_total\{outcome="ok"\} [1-9]', answer.text, re.MULTILINE)
    assert 'pagecard_requests_total{code="",endpoint="extract.extract_many",status="200"}' in answer.text


def test_figures_can_be_closed(make_api: Callable[[Settings], Api], settings: Settings) -> None:
    answer = make_api(replace(settings, metrics=False)).client.get("/metrics")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/extract/",
        "/v1//extract",
        "/V1/extract",
        "/v1/extract/batch/",
        "/%ff%fe",
        "/%00",
        "/..%2f..%2fetc/passwd",
        "/" + "a" * 5_000,
        "/%F0%9F%92%A9",
        "/v1/extract;x",
    ],
)
def test_a_path_that_is_not_there_is_not_found_in_the_envelope(api: Api, path: str) -> None:
    answer = api.client.get(path)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/extract/batch", {"POST", "OPTIONS"}),
        ("DELETE", "/v1/extract", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/v1/batch", {"POST", "OPTIONS"}),
        ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/v1/usage", {"GET", "HEAD", "OPTIONS"}),
        ("PROPFIND", "/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_are(api: Api, method: str, path: str, allowed: set[str]) -> None:
    answer = api.client.open(path, method=method)
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("request_id", ["a", "req_123", "0af7651916cd43dd8448eb211c80319c", "A.b-C_9", "x" * 128])
def test_a_sane_request_id_is_kept(api: Api, request_id: str) -> None:
    answer = api.get("/v1/usage", headers={"X-Request-Id": request_id})
    assert answer.headers["X-Request-Id"] == answer.json["meta"]["request_id"] == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 129, "a b", "<script>", "ä", 'a"b', "a\tb", "../../x"])
def test_another_request_id_is_replaced(api: Api, request_id: str) -> None:
    answer = api.get("/v1/usage", headers={"X-Request-Id": request_id})
    assert re.fullmatch(r"req_[0-9a-f]{24}", answer.headers["X-Request-Id"])


def test_every_request_has_an_id_of_its_own(api: Api) -> None:
    assert len({api.get("/v1/nothing").headers["X-Request-Id"] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_HOST": "a b<c>"},
        {"HTTP_HOST": "a:99999999"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "[::1"},
        {"QUERY_STRING": "%zz&=&&%ff=%fe"},
        {"QUERY_STRING": "\xff\xfe"},
        {"HTTP_ACCEPT": "\xff;;q=,*/*;q=nan"},
        {"HTTP_COOKIE": "\x00\xff=;;="},
        {"HTTP_IF_NONE_MATCH": '"\xff'},
        {"HTTP_IF_MODIFIED_SINCE": "yesterday"},
        {"HTTP_RANGE": "bytes=9-1"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "many"},
        {"HTTP_ACCEPT_ENCODING": "gzip;q=x"},
        {"HTTP_X_FORWARDED_FOR": "\xff"},
        {"HTTP_ORIGIN": "\xff"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/usage", "/v1/nothing", "/", "/healthz"])
def test_odd_headers_break_nothing(api: Api, path: str, environ: dict[str, Any]) -> None:
    answer = api.client.get(path, headers=api.headers({}), environ_overrides=environ)
    assert answer.status_code < 500


@pytest.fixture
def requests_logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Fields of each line "request" of the log."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("app.api.envelope.log.info", lambda event, **fields: lines.append(fields), raising=False)
    return lines


def test_the_log_names_who_asked(api: Api, requests_logged: list[dict[str, Any]]) -> None:
    api.client.get("/healthz", headers={"User-Agent": "Blog/1.0", "X-Forwarded-For": "198.51.100.7"}).close()
    [line] = requests_logged
    assert (line["client"], line["user_agent"], line["key_name"]) == ("127.0.0.1", "Blog/1.0", None)


def test_the_log_believes_a_trusted_proxy(
    make_api: Callable[[Settings], Api], settings: Settings, requests_logged: list[dict[str, Any]]
) -> None:
    trusting = make_api(replace(settings, trusted_proxies=parse_trusted("127.0.0.0/8")))
    trusting.client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}).close()
    assert [line["client"] for line in requests_logged] == ["198.51.100.7"]
