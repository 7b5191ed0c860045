"""When a request is whole: however it is cut, and however slowly it comes."""

from __future__ import annotations

import time

import pytest

from app.plans import MAX_BODY
from app.server.receiver import MAX_CHUNKING, MAX_HEAD, Receiver

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
EXPECTS = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"
KEY = "ks_live_" + "a" * 32
PUBLISHABLE = "pk_live_" + "b" * 32

WHOLE = [
    GET,
    POST,
    POST.replace(b"Content-Length: 5", b"CONTENT-LENGTH:\t5 "),
    b"\r\n" + GET,
    CHUNKED + b"0\r\n\r\n",
    CHUNKED.replace(b"chunked", b"gzip, Chunked") + b"0\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",  # to be refused, but at once
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"5;ext=1\r\nhello\r\n00\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n",
    CHUNKED + b"0A \r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",  # the end of another body inside of this one
    EXPECTS + b"hello",
]


def fed(*pieces: bytes) -> Receiver:
    receiver = Receiver()
    for piece in pieces:
        receiver.add(piece)
    return receiver


def seconds(data: bytes, receiver: Receiver) -> float:
    """What it costs to be given bytes one by one."""
    begun = time.thread_time()
    for byte in data:
        receiver.add(bytes([byte]))
    return time.thread_time() - begun


@pytest.mark.parametrize("request_", WHOLE)
def test_a_request_is_whole_with_its_last_byte(request_: bytes) -> None:
    one_by_one = fed(*(bytes([byte]) for byte in request_[:-1]))
    assert (one_by_one.ready, one_by_one.whole) == (False, False)
    one_by_one.add(request_[-1:])
    assert (one_by_one.ready, one_by_one.whole) == (True, True)


@pytest.mark.parametrize("request_", WHOLE)
def test_what_follows_a_request_is_kept(request_: bytes) -> None:
    receiver = fed(request_ + GET)
    assert receiver.whole
    assert receiver.data == request_ + GET


@pytest.mark.parametrize(
    "request_",
    [
        POST.replace(b": 5", b": %d" % (MAX_BODY + 9_000)),
        CHUNKED.replace(b"chunked", b"cow"),
        CHUNKED.replace(b"chunked", b"chunked, gzip"),
        CHUNKED.replace(b"chunked", b"xchunked"),
        CHUNKED + b"zz\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"0x5\r\n",
        CHUNKED + b"5" * 20 + b"\r\n",
        CHUNKED + b"5;" + b"a" * 9_000,
        CHUNKED + b"%x\r\n" % (2 * MAX_BODY) + b"a" * (MAX_BODY + 5_000),
        CHUNKED + b"1000\r\n%b\r\n" % (b"a" * 4096) * 260,
        CHUNKED + b"1\r\na\r\n" * (MAX_CHUNKING // 5 + 9),
        CHUNKED + b"0\r\n" + b"X-Trailer: 1\r\n" * 6_000,
    ],
    ids=lambda request_: repr(request_[:60])[-20:],
)
def test_what_cannot_become_whole_is_not_waited_for(request_: bytes) -> None:
    receiver = fed(request_)
    assert (receiver.ready, receiver.whole, receiver.headless) == (True, False, False)


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 0000000000000000069",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: +5",
        b"Content-Length: -0",
        b"Content-Length: 5, 5",
        b"Content-Length: 5;",
        b"Content-Length: 5 5",
        b"Content-Length: 0x5",
        b"Content-Length: 5.0",
        b"Content-Length: 5_0",
        b"Content-Length: \xb2",
        b"Content-Length: \xa05",
        b"Content-Length: \v5",
        b"Content-Length: 5\0",
        b"Content-Length:",
        b"Content-Length:\r\n 5",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5\r\ncontent-length: 6",
        b"Content-Length : 5\r\nContent-Length: 6",
        b"X: y\nContent-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 0",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunkedx",
        b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:",
        b"Transfer-Encoding:\r\n chunked",
    ],
)
def test_a_length_that_readers_may_read_differently_is_ambiguous(fields: bytes) -> None:
    receiver = fed(b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n")
    assert (receiver.ready, receiver.whole, receiver.ambiguous, receiver.expects) == (True, False, True, False)


@pytest.mark.parametrize(
    "field", [b"X-Content-Length: +5", b"Content-Length-Hint: +5", b"Content_Length: +5", b"TE: x"]
)
def test_a_field_that_tells_no_length_is_left_alone(field: bytes) -> None:
    assert fed(b"POST / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\n").whole


def test_a_flood_of_chunks_is_ambiguous_before_it_is_read() -> None:
    receiver = fed(CHUNKED + b"1\r\na\r\n" * (MAX_CHUNKING // 5 + 9))
    assert (receiver.ready, receiver.ambiguous) == (True, True)


def test_chunks_of_a_usual_size_are_no_flood() -> None:
    assert fed(CHUNKED + b"400\r\n%b\r\n" % (b"a" * 1024) * 1024 + b"0\r\n\r\n").whole


@pytest.mark.parametrize("head", [b"GET /" + b"a" * MAX_HEAD, b"X: y\r\n" * MAX_HEAD, b"\r" * MAX_HEAD])
def test_a_head_without_end_is_not_waited_for(head: bytes) -> None:
    receiver = fed(head)
    assert (receiver.ready, receiver.whole, receiver.headless) == (True, False, True)


def test_a_client_that_waits_to_be_told_is_told_when_its_head_is_there() -> None:
    assert not fed(EXPECTS[:-1]).expects
    assert fed(EXPECTS).expects


@pytest.mark.parametrize(
    "request_",
    [
        POST[:-1],
        EXPECTS + b"hello",
        EXPECTS.replace(b": 5", b": %d" % (2 * MAX_BODY)),
        EXPECTS.replace(b"/1.1", b"/1.0"),
    ],
)
def test_nobody_else_is_told(request_: bytes) -> None:
    assert not fed(request_).expects


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 60_000,
        CHUNKED + b"1\r\na\r\n" * 20_000,
        CHUNKED + b"5;" + b"a" * 8_000,
        CHUNKED + b"0\r\nX: " + b"a" * 60_000,
    ],
    ids=["head", "chunks", "extension", "trailer"],
)
def test_a_byte_costs_the_same_however_many_came_before(request_: bytes) -> None:
    assert seconds(request_, Receiver()) < 2  # microseconds for each


@pytest.mark.parametrize(
    ("head", "key"),
    [
        (f"GET /v1/usage HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\n", KEY),
        (f"GET /v1/usage HTTP/1.1\r\nX-API-KEY:{KEY}\r\n", KEY),
        (f"GET /v1/usage HTTP/1.1\r\nAuthorization: Bearer {KEY}, Bearer {KEY}\r\n", KEY),
        (f"GET /v1/extract?url=a&api_key={PUBLISHABLE} HTTP/1.1\r\nHost: a\r\n", PUBLISHABLE),
        (f"GET /v1/usage HTTP/1.1\r\nX-Other: {PUBLISHABLE}\r\nX-Api-Key: {KEY}\r\n", KEY),
        (f"GET /v1/usage HTTP/1.1\r\nReferer: /?api_key={PUBLISHABLE}\r\nX-Api-Key: {KEY}\r\n", KEY),
        ("GET /v1/usage HTTP/1.1\r\nHost: a\r\n", None),
        ("GET http://other.example/v1/usage HTTP/1.1\r\nHost: a\r\n", None),
        ("GET /v1/usage HTTP/1.1\r\nX-Api-Key: ks_live_short\r\n", None),
        ("GET /healthz HTTP/1.1\r\nReferer: /v1/usage\r\n", None),
        ("GET / HTTP/1.1\r\nHost: a\r\n", None),
    ],
)
def test_the_key_is_the_first_that_may_be_accepted(head: str, key: str | None) -> None:
    assert fed(head.encode() + b"\r\n").key == key


@pytest.mark.parametrize(
    ("head", "asks"),
    [
        ("GET /v1/usage HTTP/1.1\r\nHost: a\r\n", True),
        ("GET http://other.example/v1/usage HTTP/1.1\r\nHost: a\r\n", True),
        ("GET /healthz HTTP/1.1\r\nReferer: /v1/usage\r\n", False),
        ("GET / HTTP/1.1\r\nHost: a\r\n", False),
    ],
)
def test_paths_of_the_api_ask_for_a_key(head: str, asks: bool) -> None:
    assert fed(head.encode() + b"\r\n").asks_for_key is asks
