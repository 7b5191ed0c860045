"""Nothing that a client sends makes a 5xx, and every answer is in the envelope (the client checks each)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app import create_app
from app.networks import parse_networks
from app.plans import Plan
from app.settings import Settings
from tests.api.conformance import CheckedClient, strict_json
from tests.api.conftest import Api

pytestmark = pytest.mark.slow

BATCH = "/v1/extract/batch"
JSON = {"Content-Type": "application/json"}
EXAMPLES = int(os.environ.get("BODY_EXAMPLES", "150"))  # `BODY_EXAMPLES=10000 pytest tests/api/test_bodies.py`
MUTATIONS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

MANY_FIELDS = b",".join(b'"%x":"1"' % number for number in range(70_000))
PAGE = "http://127.0.0.1:1/"  # refused at once, and nobody is asked for its name


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API for all examples, on a plan without a rate; it may reach one closed port and nothing else."""
    app = create_app(
        Settings(
            data_dir=tmp_path_factory.mktemp("bodies"),
            plans={"open": Plan("open", batch_limit=100)},
            allow_targets=parse_networks("127.0.0.1/32:1"),
            log_level="error",
        )
    )
    app.test_client_class = CheckedClient
    services = app.extensions["pagecard"]
    yield Api(app.test_client(), services, services.keys.create("open")[0])
    services.close()


def post(api: Api, data: bytes, path: str = BATCH, **headers: str) -> TestResponse:
    return api.post(path, data=data, headers=JSON | {name.replace("_", "-"): text for name, text in headers.items()})


def told(answer: TestResponse) -> dict[str, list[str]]:
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_BODY")
    return answer.json["error"]["details"]["errors"]


# What is known to break services ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"urls":' * 50_000,
        b'{"urls":[NaN]}',
        b'{"urls":["https://example.com/"],"max_age":NaN}',
        b'{"urls":["https://example.com/"],"max_age":-Infinity}',
        b'{"urls":["https://example.com/"],"max_age":%b}' % (b"9" * 5_000),
        b'{"urls":[],"urls":["https://example.com/"]}',
        b'{"urls":["https://example.com/"],"nested":{"a":1,"a":2}}',
        b'\xef\xbb\xbf{"urls":["https://example.com/"]}',
        '{"urls":["https://example.com/"]}'.encode("utf-16"),
        '{"urls":["https://example.com/"]}'.encode("utf-16-le"),
        '{"urls":["https://example.com/"]}'.encode("utf-32"),
        b'{"urls":["https://example.com/\xff"]}',
        b'{"urls":["https://example.com/\xed\xa0\x80"]}',
        b'{"urls":["https://example.com/"]} trailing',
        b'{"urls":["https://example.com/"],}',
        b"{'urls':['https://example.com/']}",
        b'{"urls":["a\nb"]}',
        b"[]",
        b'["https://example.com/"]',
        b'"https://example.com/"',
        b"null",
        b"true",
        b"1e400",
        b"\x00",
        b"urls=https://example.com/",
        b"<urls/>",
    ],
)
def test_what_is_no_json_object_is_told_so(api: Api, data: bytes) -> None:
    assert list(told(post(api, data))) == ["body"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"urls": None}, "urls"),
        ({"urls": []}, "urls"),
        ({"urls": {}}, "urls"),
        ({"urls": PAGE}, "urls"),
        ({"urls": [PAGE, 1]}, "urls.1"),
        ({"urls": [None]}, "urls.0"),
        ({"urls": [[PAGE]]}, "urls.0"),
        ({"urls": [{"url": PAGE}]}, "urls.0"),
        ({"urls": [True]}, "urls.0"),
        ({"cache": "yes"}, "cache"),
        ({"cache": "true"}, "cache"),
        ({"cache": 1}, "cache"),
        ({"cache": None}, "cache"),
        ({"max_age": "5"}, "max_age"),
        ({"max_age": 5.0}, "max_age"),
        ({"max_age": True}, "max_age"),
        ({"max_age": -1}, "max_age"),
        ({"max_age": 10**400}, "max_age"),
        ({"max_age": None}, "max_age"),
        ({"ignore_invalid_urls": "no"}, "ignore_invalid_urls"),
        ({"ignore_invalid_urls": 0}, "ignore_invalid_urls"),
        ({"include": "json_ld"}, "include"),
        ({"include": None}, "include"),
        ({"include": ["JSON_LD"]}, "include.0"),
        ({"include": [1]}, "include.0"),
        ({"include": ["json_ld"] * 20}, "include"),
        ({"timeout_ms": "1000"}, "timeout_ms"),
        ({"timeout_ms": 1000.5}, "timeout_ms"),
        ({"timeout_ms": True}, "timeout_ms"),
        ({"colour": "red"}, "colour"),
        ({"URLS": [PAGE]}, "URLS"),
        ({"\ud800": 1}, "\ufffd"),
        ({"": 1}, "body"),
    ],
)
def test_a_field_that_is_wrong_is_named(api: Api, fields: dict[str, Any], named: str) -> None:
    assert list(told(post(api, json.dumps({"urls": [PAGE]} | fields).encode()))) == [named]


def test_all_wrong_fields_are_named_at_once(api: Api) -> None:
    errors = told(post(api, b'{"urls": [1, "%b", null], "cache": 0, "x": 1}' % PAGE.encode()))
    assert set(errors) == {"urls.0", "urls.2", "cache", "x"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 400),
        ("APPLICATION/JSON; charset=UTF-8", 400),
        ('application/json;charset="utf-8"', 400),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/jsonx", 415),
        ("multipart/form-data", 415),
        ("application/x-www-form-urlencoded", 415),
        ("*/*", 415),
        ("", 415),
        ("\xff", 415),
    ],
)
def test_a_body_says_that_it_is_json(api: Api, content_type: str, status: int) -> None:
    assert post(api, b"{}", Content_Type=content_type).status_code == status


@pytest.mark.parametrize(("coding", "status"), [("identity", 400), ("gzip", 415), ("br", 415), ("\xff", 415)])
def test_a_body_comes_as_it_is(api: Api, coding: str, status: int) -> None:
    assert post(api, b"{}", Content_Encoding=coding).status_code == status


def test_a_body_of_one_mebibyte_is_read_and_one_more_byte_is_not(api: Api) -> None:
    body = b'{"urls":["%b"]}' % PAGE.encode()
    assert post(api, body.ljust(2**20)).status_code == 200
    assert post(api, body.ljust(2**20 + 1)).status_code == 413


@pytest.mark.parametrize(
    "data",
    [
        b'{"urls":[%b1]}' % (b"1," * 500_000),
        b'{"urls":[%b""]}' % (b'"",' * 340_000),
        b'{"urls":[%b[]]}' % (b"[]," * 340_000),
        b'{"urls":[%b{}]}' % (b"{}," * 340_000),
        b"{%b}" % MANY_FIELDS,
        b'{"include":[%b1]}' % (b"1," * 500_000),
        b'{"include":[%b"oembed"]}' % (b'"oembed",' * 110_000),
        b'{"formats":[%b1]}' % (b"1," * 500_000),
        b'{"headers":{%b}}' % MANY_FIELDS,
        b'{"proxy":{%b}}' % MANY_FIELDS,
        b'{"headers":[%b1]}' % (b"1," * 500_000),
        b'{"max_age":%b}' % (b"[" * 900 + b"]" * 900),
    ],
    ids=lambda data: data[:20].decode(),
)
@pytest.mark.parametrize("path", [BATCH, "/v1/batch"])
def test_a_full_body_of_nonsense_costs_little(api: Api, path: str, data: bytes) -> None:
    begun = time.thread_time()
    assert post(api, data, path).status_code == 400
    assert time.thread_time() - begun < 3  # a few tenths of a second; at one time it took ten seconds


def test_an_answer_names_a_hundred_mistakes_at_most(api: Api) -> None:
    assert len(told(post(api, b'{"urls":[%b1]}' % (b"1," * 5_000)))) == 100


# What nobody thought of ------------------------------------------------------------------------------------------

strange_text = st.text(st.characters(exclude_categories=()), max_size=30)  # with surrogates
leaf = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), strange_text, st.just(PAGE))
value = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strange_text, inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(["urls", "cache", "max_age", "ignore_invalid_urls", "include", "timeout_ms"])
job_names = st.sampled_from(
    ["formats", "include_metadata", "render_js", "wait_config", "proxy", "headers", "webhook", "ignore_invalid_urls"]
)
urls = st.lists(st.one_of(strange_text, st.just(PAGE), strange_text.map(lambda text: PAGE + text)), max_size=5)


def encode(body: Any) -> bytes:
    return json.dumps(body).encode()


@st.composite
def bytes_mutated(draw: Callable[..., Any], whole: bytes) -> bytes:
    """A valid body with some pieces cut out, put in or doubled."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 8)))
        data = data[:at] + draw(st.binary(max_size=8) | st.just(data[at:end] * 2)) + data[end:]
    return data


WHOLE = encode({"urls": [PAGE, PAGE + "ä?b=c"], "cache": True, "max_age": 60, "include": ["json_ld"]})


@MUTATIONS
@given(body=st.dictionaries(names | strange_text, value, max_size=5), urls=urls)
@example(body={"timeout_ms": 10**400}, urls=[PAGE])
def test_any_object_is_answered(api: Api, body: dict[str, Any], urls: list[str]) -> None:
    assert post(api, encode({"urls": urls} | body)).status_code in (200, 400)


@MUTATIONS
@given(data=bytes_mutated(WHOLE) | st.binary(max_size=60))
def test_any_bytes_are_answered(api: Api, data: bytes) -> None:
    answer = post(api, data)
    assert answer.status_code in (200, 400)
    strict_json(answer.data)


@MUTATIONS
@given(body=st.dictionaries(job_names | strange_text, value, max_size=4), urls=urls)
def test_any_job_is_answered(api: Api, body: dict[str, Any], urls: list[str]) -> None:
    assert post(api, encode({"urls": urls} | body), "/v1/batch").status_code in (202, 400)


header_text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
header_names = st.sampled_from(
    [
        *("Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Cookie", "Host", "Origin", "Range"),
        *("If-None-Match", "If-Modified-Since", "X-Request-Id", "X-Api-Key", "Authorization", "Idempotency-Key"),
        *("Access-Control-Request-Method", "X-Forwarded-For", "Forwarded", "Cache-Control", "Expect", "Upgrade"),
    ]
)


@MUTATIONS
@given(
    headers=st.dictionaries(header_names, header_text, max_size=4),
    query=st.text(st.characters(max_codepoint=255), max_size=40),
    path=st.sampled_from([BATCH, "/v1/extract", "/v1/usage", "/v1/batch", "/v1/batch/jobs", "/healthz", "/", "/v2"]),
    method=st.sampled_from(["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"]),
)
def test_any_headers_are_answered(api: Api, headers: dict[str, str], query: str, path: str, method: str) -> None:
    sent = {"HTTP_" + name.upper().replace("-", "_"): text for name, text in headers.items()}
    sent |= {name[5:]: sent.pop(name) for name in ("HTTP_CONTENT_TYPE",) if name in sent}
    answer = api.client.open(
        path,
        method=method,
        headers=api.headers({}),
        data=WHOLE,
        content_type="application/json",
        environ_overrides=sent | {"QUERY_STRING": query},
    )
    assert answer.status_code < 500 or answer.json["error"]["code"] != "INTERNAL_ERROR"
