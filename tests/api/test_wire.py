"""Requests that are damaged on their way, over real sockets to the service as it is served: no 5xx, and every answer
in the envelope and as `/openapi.json` says, also where no application saw the request.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from app.cli.serving import Service, serving
from app.server.receiver import Receiver
from tests.api.conformance import CODES, find_template, strict_json, validator

pytestmark = pytest.mark.server

EXAMPLES = int(os.environ.get("WIRE_EXAMPLES", "1500"))  # `WIRE_EXAMPLES=10000 pytest tests/api/test_wire.py`
PAGE = "http://127.0.0.1:1/"  # refused at once, and nobody is asked for its name

METHODS = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT", "BREW", "get", "G"]
TARGETS = [
    *("/v1/extract/batch", "/v1/extract", "/v1/usage", "/v1/batch", "/v1/batch/jobs", "/v1/batch/x/results"),
    *("/healthz", "/openapi.json", "/", "/docs", "/link-preview.js", "/static/..%2f..%2fsettings.py", "/%ff%fe"),
    *("/v1//extract", "/v1/usage/", "/v1/%65xtract", "//v1/usage", "*", "http://a/v1/usage", "/%", "/a b", "/é"),
    *("/v1/batch/%00/results", "/v1/usage#part", "/" + "a" * 9_000),
]
QUERIES = [
    *("?", f"?url={PAGE}", "?url=", "?url=nope", "?url=%", "?url=%zz", "?url=%ff%fe", "?url=%00", "?url=%ed%a0%80"),
    *(f"?url={PAGE}&url=x", f"?url={PAGE}&cache=yes", f"?url={PAGE}&max_age=-1", "?page=0", "?page_size=51"),
    *("?status=x", "?start_date=yesterday", "?end_date=9999-12-31T23:59:59-23:59", "?format=xml", "?&&=&", "?%ff=%ff"),
    *("?api_key=ks_live_x", "?api_key=", f"?url={PAGE}{'a' * 4_096}", "?" + "a=b&" * 2_000),
]
NAMES = [
    *("Host", "Content-Type", "Content-Length", "Transfer-Encoding", "Content-Encoding", "Authorization", "X-Api-Key"),
    *("Origin", "Accept", "Accept-Encoding", "If-None-Match", "If-Match", "If-Modified-Since", "Range", "Cookie"),
    *("Idempotency-Key", "X-Request-Id", "Expect", "Connection", "Upgrade", "TE", "Trailer", "Forwarded", "X_Api_Key"),
    *("Access-Control-Request-Method", "X-Forwarded-Proto", "SCRIPT_NAME", "PATH_INFO", "HTTP2-Settings", "X" * 300),
]
VALUES = [
    *("", "a", "a b", "é", "*", "*/*", "\xff\xfe", "a\0b", "a\rb", "a\nb", "a\x7fb", "\t", '"', 'W/"', '"x"', "*, *"),
    *("application/json", "application/json; charset=utf-16", "text/plain", "application/x-ndjson;q=9;;", "gzip", "br"),
    *("identity", "chunked", "gzip, chunked", "chunked, identity", "cow", "trailers", "100-continue", "200-maybe"),
    *(
        "0",
        "5",
        "-1",
        "+5",
        "0x5",
        "5, 5",
        "1e3",
        "9" * 30,
        "close",
        "keep-alive",
        "upgrade",
        "h2c",
        "null",
        "bytes=9-1",
    ),
    *("Bearer", "Bearer x", "Basic Og==", "KEY", "Bearer KEY, Bearer KEY", "pk_live_" + "a" * 32, "https://a.example"),
    *("yesterday", "POST", "https", "../../x", "x" * 129, "x" * 9_000, "{}", "%00"),
]
BODIES = [
    {"urls": [PAGE]},
    {"urls": [PAGE, PAGE + "ä?b"], "cache": True, "max_age": 60, "include": ["json_ld"], "timeout_ms": 500},
    {"urls": ["nope", PAGE], "ignore_invalid_urls": True, "formats": ["html"], "headers": {"X-A": "b"}},
    {"urls": [PAGE], "proxy": {"country": "DE", "type": "mix"}, "wait_config": {"wait_for": "#a"}, "render_js": False},
    {"urls": [], "x": 1},
    [],
    None,
]
SCRAPS = [
    *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"null", b"NaN", b"1e999", b"\xff", b"\xed\xa0\x80", b"\0"),
    *(b"\\ud800", b"true", b"9" * 400, b"\xef\xbb\xbf", b"\r\n", b"\n", b" "),
]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes over the wire, and what it was before it was damaged."""

    method: str
    path: str
    raw: bytes


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that may reach one closed port and nothing else."""
    folder: Path = tmp_path_factory.mktemp("wire")
    plans = folder / "plans.toml"
    plans.write_text("[enterprise]\nbatch_limit = 100\n")
    with serving(folder, {"ALLOW_TARGETS": "127.0.0.1/32:1", "PLANS": str(plans), "LOG_LEVEL": "warning"}) as service:
        yield service


def mutate(chance: random.Random, data: bytes) -> bytes:
    """With some pieces cut out, put in or changed."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice([b"", chance.choice(SCRAPS)]) + data[at + chance.randint(0, 3) :]
    return data


def chunked(chance: random.Random, data: bytes) -> bytes:
    out = b""
    while data:
        size = chance.randint(1, 40)
        piece, data = data[:size], data[size:]
        out += b"%x%b\r\n%b\r\n" % (len(piece), chance.choice([b"", b"", b";a=b", b" ", b";"]), piece)
    return out + chance.choice(
        [b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX-T: 1\r\n\r\n", b"zz\r\n", b"-1\r\n", b"0\r\nX\r\n\r\n"]
    )


def damaged(chance: random.Random, key: str) -> Sent:
    method, path = chance.choice([*METHODS[:3], *METHODS]), chance.choice([*TARGETS[:5], *TARGETS])
    fields = [("Host", "a"), ("Connection", "close"), ("X-Api-Key", key)]
    body = b""
    if chance.random() < 0.6:
        method, path = "POST", chance.choice(["/v1/extract/batch", "/v1/batch", path])
        body = json.dumps(chance.choice(BODIES)).encode()
        body = mutate(chance, body) if chance.random() < 0.6 else body
        fields.append(("Content-Type", "application/json"))
        if chance.random() < 0.3:
            body = chunked(chance, body)
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            fields.append(("Content-Length", str(len(body))))
    for _ in range(chance.choice([0, 1, 1, 2])):
        field = chance.choice(NAMES), chance.choice(VALUES).replace("KEY", key)
        fields = [each for each in fields if each[0] != field[0] or chance.random() < 0.5] + [field]
    version = chance.choice(["HTTP/1.1"] * 9 + ["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1", ""])
    line = f"{method} {path}{chance.choice(['', chance.choice(QUERIES)])} {version}".strip()
    head = "\r\n".join([line, *(f"{name}: {value}" for name, value in fields), "", ""]).encode("latin-1", "replace")
    raw = head + body
    return Sent(method, path, mutate(chance, raw) if chance.random() < 0.1 else raw)


def ask(service: Service, sent: Sent) -> bytes:
    """All that comes; a request that is not whole is given up soon."""
    host, port = service.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=20 if Receiver(sent.raw).ready else 0.2) as client:
        try:
            client.sendall(sent.raw)
            while not answered(received, sent) and (piece := client.recv(65_536)):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
    return received


def split(received: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """Status, fields and body of an answer whose head has come, what was said before it left out."""
    received = re.sub(rb"\A(?:HTTP/1.1 100 Continue\r\n\r\n)+", b"", received)
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), fields, body[: int(fields.get("content-length", len(body)))]


def answered(received: bytes, sent: Sent) -> bool:
    answer = split(received)
    if answer is None:
        return False
    status, fields, body = answer
    whole = len(body) == int(fields["content-length"]) if "content-length" in fields else body.endswith(b"0\r\n\r\n")
    return whole or sent.raw.startswith(b"HEAD ") or status in (204, 304)


def check(sent: Sent, received: bytes) -> None:
    answer = split(received)
    if answer is None:
        assert not Receiver(sent.raw).ready, "no answer"
        return
    status, fields, body = answer
    assert status < 500 or (status, sent.path) == (502, "/v1/extract")
    assert ("retry-after" in fields) == (status in (429, 503))
    assert fields.get("www-authenticate") == ("Bearer" if status == 401 else None)
    assert status != 405 or fields["allow"]
    assert "access-control-expose-headers" in fields
    if status >= 400 and not sent.raw.startswith(b"HEAD"):
        check_error(sent, status, fields, strict_json(body))


def check_error(sent: Sent, status: int, fields: dict[str, str], told: dict[str, dict[str, str]]) -> None:
    assert set(told) == {"success", "error", "meta"}
    assert CODES[told["error"]["code"]] == status
    assert told["meta"] == {"request_id": fields["x-request-id"]}
    line = sent.raw.split(b"\r\n")[0].decode("latin-1").split(" ")
    template = find_template(unquote(urlsplit(sent.path).path), sent.method)
    reached = fields.get("server-timing") and line[:1] == [sent.method] and line[1].partition("?")[0] == sent.path
    if template and reached and told["error"]["code"] != "METHOD_NOT_ALLOWED":
        validator(template, sent.method, status).validate(told)


def test_no_damaged_request_is_answered_with_anything_but_what_is_documented(strict: Service) -> None:
    chance = random.Random(2026)
    requests = [damaged(chance, strict.first_key) for _ in range(EXAMPLES)]
    with ThreadPoolExecutor(8) as pool:
        for sent, received in zip(requests, pool.map(lambda sent: ask(strict, sent), requests), strict=True):
            try:
                check(sent, received)
            except Exception as error:
                raise AssertionError(f"{sent.raw[:2_000]!r} was answered {received[:2_000]!r}") from error
    assert '"level":"error"' not in strict.log.read_text()


def test_a_long_url_may_be_asked_for_in_percents(strict: Service) -> None:
    target = f"/v1/extract?url={PAGE}{'%E6%97%A5' * 4_000}"
    sent = Sent("GET", target, f"GET {target} HTTP/1.1\r\nHost: a\r\nX-Api-Key: {strict.first_key}\r\n\r\n".encode())
    answer = split(ask(strict, sent))
    assert answer
    assert json.loads(answer[2])["error"]["code"] == "TARGET_UNREACHABLE"
