"""`Accept: application/x-ndjson`: results on the wire as they are done, and clients that go away."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from app.cli.serving import Service
from tests.api.conformance import strict_json
from tests.api.conftest import Api
from tests.servers import until
from tests.site import Request, Site, Wire

BATCH = "/v1/extract/batch"
NDJSON = "application/x-ndjson"


def stream(api: Api, *urls: str, accept: str = NDJSON, **fields: Any) -> list[Any]:
    answer = api.post(BATCH, {"urls": list(urls), **fields}, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, NDJSON)
    assert answer.data.endswith(b"\n")
    return [strict_json(line) for line in answer.data.splitlines()]


# The lines -------------------------------------------------------------------------------------------------------


def test_each_result_is_a_line_with_its_index_and_the_summary_is_the_last(api: Api, web: Site) -> None:
    urls = [web.page("/a", "<title>A</title>"), web.url("/nothing"), web.page("/c", "<title>C</title>")]
    *lines, last = stream(api, *urls)
    assert sorted(line["index"] for line in lines) == [0, 1, 2]
    assert all(line["url"] == urls[line["index"]] for line in lines)
    assert set(last) == {"summary", "meta"}
    assert last["summary"] == {"total": 3, "successful": 2, "failed": 1}
    assert set(last["meta"]) == {"request_id", "response_time_ms"}


def test_a_line_is_the_result_that_a_batch_has(api: Api, web: Site) -> None:
    urls = [web.page("/a", "<title>A</title>"), web.url("/nothing")]
    streamed = {line.pop("index"): line for line in stream(api, *urls)[:-1]}
    whole = api.batch(*urls).json["data"]["results"]
    whole[0]["cache_hit"] = False
    assert [streamed[0], streamed[1]] == whole


def test_duplicates_and_invalid_urls_have_a_line_each(api: Api, web: Site) -> None:
    url = web.page("/a", "<title>A</title>")
    lines = stream(api, url, "nope", url, ignore_invalid_urls=True)[:-1]
    assert {line["index"]: line["success"] for line in lines} == {0: True, 1: False, 2: True}
    assert len(web.received("/a")) == 1


def test_what_is_not_done_in_time_has_a_line_too(api: Api, web: Site) -> None:
    silent = web.route("/silent", lambda wire, request: wire.silence())
    [line, last] = stream(api, silent, timeout_ms=200)
    assert line["error"]["code"] == "TARGET_TIMEOUT"
    assert last["summary"]["failed"] == 1


@pytest.mark.parametrize("accept", [NDJSON, "application/x-ndjson;q=1, application/json;q=0.5", NDJSON.upper()])
def test_who_asks_for_lines_gets_lines(api: Api, web: Site, accept: str) -> None:
    assert len(stream(api, web.page("/a", "<title>A</title>"), accept=accept)) == 2


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "", "application/json, */*", "\xff"])
def test_who_does_not_gets_the_whole(api: Api, web: Site, accept: str) -> None:
    answer = api.post(BATCH, {"urls": [web.page("/a", "<title>A</title>")]}, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


def test_a_request_that_is_refused_is_refused_in_the_envelope(api: Api) -> None:
    answer = api.post(BATCH, {"urls": ["nope"]}, headers={"Accept": NDJSON})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_URL")


def test_who_stops_listening_pays_for_what_was_read_by_then(api: Api, web: Site) -> None:
    pages = [web.page(f"/{number}", "<title>A</title>") for number in range(5)]
    silent = web.route("/silent", lambda wire, request: wire.silence())
    answer = api.post(BATCH, {"urls": [*pages, silent]}, headers={"Accept": NDJSON}, buffered=False)
    assert next(answer.response)
    until(lambda: len(web.requests) == 6)
    until(lambda: api.services.pool.running == 1)
    answer.close()
    assert web.wait_until_idle(5)
    assert api.get("/v1/usage").json["data"]["used"]["urls"] == 5


# The wire --------------------------------------------------------------------------------------------------------


def connect(service: Service, urls: list[str], accept: str) -> socket.socket:
    """A request on a connection of its own, sent whole."""
    host, port = service.url.removeprefix("http://").split(":")
    body = json.dumps({"urls": urls}).encode()
    head = (
        f"POST {BATCH} HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {service.first_key}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    client = socket.create_connection((host, int(port)), timeout=30)
    client.sendall(head.encode() + body)
    return client


def gauge(service: Service, name: str) -> float:
    text = requests.get(f"{service.url}/metrics", timeout=30).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_the_first_result_is_on_the_wire_while_a_slow_one_loads(service: Service, web: Site) -> None:
    first_was_read = threading.Event()

    def route(wire: Wire, request: Request) -> None:
        assert first_was_read.wait(15)
        wire.answer(b"<title>Slow</title>")

    urls = [web.route("/slow", route), web.page("/fast", "<title>Fast</title>")]
    with requests.post(
        service.url + BATCH,
        json={"urls": urls},
        headers={"X-Api-Key": service.first_key, "Accept": NDJSON},
        stream=True,
        timeout=30,
    ) as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))
        first_was_read.set()
        second, last = map(json.loads, lines)
    assert (first["index"], first["data"]["title"]) == (1, "Fast")
    assert (second["index"], second["data"]["title"]) == (0, "Slow")
    assert last["summary"] == {"total": 2, "successful": 2, "failed": 0}


@pytest.mark.parametrize("accept", [NDJSON, "application/json"])
def test_a_client_that_goes_away_frees_its_places(service: Service, web: Site, accept: str) -> None:
    urls = [web.route(f"/{number}", lambda wire, request: wire.forever(b"a", every=0.2)) for number in range(30)]
    client = connect(service, urls, accept)
    until(lambda: web.open_connections == 30)
    client.close()
    assert web.wait_until_idle(3)  # a second, on a machine that is not busy
    until(lambda: gauge(service, "pagecard_pool_busy") == 0, timeout=5)
    assert gauge(service, "pagecard_pool_waiting") == 0


def test_a_client_that_sends_more_than_one_request_has_not_gone_away(service: Service, web: Site) -> None:
    with connect(service, [web.page("/a", "<title>A</title>", latency=0.6)], NDJSON) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert b'"title":"A"' in received
    assert received.endswith(b'{"status":"ok"}')


def test_clients_that_keep_their_end_open_hold_up_nobody(service: Service) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with ExitStack() as held:
        for _ in range(40):
            client = held.enter_context(socket.create_connection((host, int(port)), timeout=30))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        until(lambda: client.recv(65_536))
        assert requests.get(f"{service.url}/healthz", timeout=10).status_code == 200  # at one time after a minute


def test_a_chunked_body_has_the_same_limit(service: Service) -> None:
    def chunks(size: int) -> Iterator[bytes]:
        yield from (b" " * 4096 for _ in range(size // 4096))

    headers = {"X-Api-Key": service.first_key, "Content-Type": "application/json"}
    fits = requests.post(service.url + BATCH, data=chunks(2**20), headers=headers, timeout=30)
    too_large = requests.post(service.url + BATCH, data=chunks(2**20 + 4096), headers=headers, timeout=30)
    assert fits.json()["error"]["code"] == "INVALID_BODY"
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "head",
    [
        "GET /%00%ff HTTP/1.1\r\nHost: a",
        "GET /v1/usage HTTP/1.1\r\nHost: a\xff b",
        "GET http://other.example/v1/nothing HTTP/1.1\r\nHost: a",
        "OPTIONS * HTTP/1.1\r\nHost: a",
        "GET /v1/usage HTTP/1.0",
        "BREW /v1/usage HTTP/1.1\r\nHost: a",
        "GET //v1/usage HTTP/1.1\r\nHost: a",
    ],
)
def test_what_reaches_the_application_is_answered_in_the_envelope(service: Service, head: str) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(head.encode("latin-1") + b"\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65_536), b""))
    status, _, rest = received.partition(b"\r\n")
    body = strict_json(rest.partition(b"\r\n\r\n")[2])
    assert b" 4" in status
    assert body["success"] is False
    assert b"x-request-id: " in rest.lower()


def test_a_log_line_shows_neither_key_nor_query(service: Service, web: Site) -> None:
    url = web.page("/a", "<title>A</title>") + "?token=s3cret"
    headers = {"X-Api-Key": service.first_key, "X-Request-Id": "the-one"}
    requests.get(f"{service.url}/v1/extract", params={"url": url}, headers=headers, timeout=30)

    def logged() -> dict[str, str]:
        lines = [line for line in service.log.read_text().splitlines() if '"the-one"' in line]
        return {json.loads(line)["event"]: line for line in lines}

    until(lambda: {"request", "fetch"} <= set(logged()))
    assert not any(service.first_key in line or "s3cret" in line for line in logged().values())
