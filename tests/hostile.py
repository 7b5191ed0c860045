"""The hostile routes of a site, each with what is owed to whoever is sent there.

A route never ends by itself where its name says drip, silent or endless.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from functools import cache

import brotli

from tests.site import Request, Route, Wire

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"<!doctype html><title>A page</title>" + b"<p>text</p>" * 500
LIMIT = 1_000_000  # bytes that a fetcher reads in these tests

OK = "OK"
CUT = "CUT"  # a page that is marked as not whole
LATE = "LATE"  # a page that is cut off by its time

ROUTES: dict[str, Route] = {}
OWED: dict[str, str] = {}


def owes(path: str, outcome: str) -> Callable[[Route], Route]:
    def register(route: Route) -> Route:
        ROUTES[path] = route
        OWED[path] = outcome
        return route

    return register


def sends(path: str, outcome: str, data: bytes) -> None:
    """A route that sends these very bytes and closes."""
    owes(path, outcome)(lambda wire, request: wire.send(data))


# Time -----------------------------------------------------------------------------------------------------------------


@owes("/silent/at-once", "TARGET_TIMEOUT")
def silent(wire: Wire, request: Request) -> None:
    wire.silence()


@owes("/silent/after-head", "TARGET_TIMEOUT")
def silent_after_head(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Length: 100")
    wire.silence()


@owes("/silent/in-body", LATE)
def silent_in_body(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Length: 1000")
    wire.send(b"<title>half")
    wire.silence()


@owes("/silent/before-last-chunk", LATE)
def silent_before_last_chunk(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.send(wire.chunk(PAGE))
    wire.silence()


@owes("/drip/status-line", "TARGET_TIMEOUT")
def drip_status_line(wire: Wire, request: Request) -> None:
    wire.drip(b"HTTP/1.1 200 " + b"O" * 100_000)


@owes("/drip/headers", "TARGET_TIMEOUT")
def drip_headers(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n")
    wire.forever(b"X-Drip: 1\r\n", every=0.02)


@owes("/drip/header-bytes", "TARGET_TIMEOUT")
def drip_header_bytes(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    wire.forever(b"a", every=0.02)


@owes("/drip/interim", "TARGET_TIMEOUT")
def drip_interim(wire: Wire, request: Request) -> None:
    wire.forever(b"HTTP/1.1 100 Continue\r\n\r\n", every=0.02)


@owes("/drip/body", LATE)
def drip_body(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html")
    wire.forever(b"a", every=0.02)


@owes("/drip/declared-body", LATE)
def drip_declared_body(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Length: 100000")
    wire.forever(b"a", every=0.02)


@owes("/drip/gzip", "TARGET_TIMEOUT")
def drip_gzip(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Encoding: gzip")
    wire.drip(gzip.compress(PAGE)[:20])
    wire.silence()


@owes("/drip/chunks", LATE)
def drip_chunks(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.forever(wire.chunk(b"a"), every=0.02)


@owes("/drip/chunk-size", "TARGET_TIMEOUT")
def drip_chunk_size(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.forever(b"0", every=0.02)


@owes("/drip/trailers", LATE)
def drip_trailers(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.send(wire.chunk(PAGE), b"0\r\n")
    wire.forever(b"X-Trailer: 1\r\n", every=0.02)


@owes("/drip/failure", LATE)
def drip_failure(wire: Wire, request: Request) -> None:
    wire.head("500 Internal Server Error", "Content-Type: text/html")
    wire.forever(b"a", every=0.02)


# Size -----------------------------------------------------------------------------------------------------------------


@owes("/endless/status-line", "TARGET_UNREACHABLE")
def endless_status_line(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 ")
    wire.forever(b"O" * 10_000)


@owes("/endless/headers", "TARGET_UNREACHABLE")
def endless_headers(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n")
    wire.forever(b"X-Field: value\r\n" * 100)


@owes("/endless/header-line", "TARGET_UNREACHABLE")
def endless_header_line(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nX-Field: ")
    wire.forever(b"a" * 10_000)


@owes("/endless/folded-header", "TARGET_UNREACHABLE")
def endless_folded_header(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nX-Field: a\r\n")
    wire.forever(b" folded\r\n" * 100)


@owes("/endless/100", "TARGET_UNREACHABLE")
def endless_continue(wire: Wire, request: Request) -> None:
    wire.forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@owes("/endless/103", "TARGET_UNREACHABLE")
def endless_early_hints(wire: Wire, request: Request) -> None:
    wire.forever(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" * 100)


@owes("/headers/6-mb", "TARGET_UNREACHABLE")
def six_megabytes_of_headers(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", *(f"X-{number}: {'a' * 60_000}" for number in range(100)))
    wire.send(PAGE)


@owes("/headers/set-cookies", OK)
def many_cookies(wire: Wire, request: Request) -> None:
    wire.answer(PAGE, *(f"Set-Cookie: c{number}={'v' * 1000}" for number in range(100)))


@owes("/endless/body", CUT)
def endless_body(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html")
    wire.forever(b"<p>a</p>" * 8_000)


@owes("/endless/chunks", CUT)
def endless_chunks(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.forever(wire.chunk(b"<p>a</p>" * 8_000))


@owes("/endless/tiny-chunks", CUT)
def endless_tiny_chunks(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.forever(wire.chunk(b"a") * 1_000)


@owes("/endless/chunk-extension", "TARGET_UNREACHABLE")
def endless_chunk_extension(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.send(b"5;a=")
    wire.forever(b"b" * 10_000)


@owes("/endless/trailers", CUT)
def endless_trailers(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked")
    wire.send(wire.chunk(PAGE), b"0\r\n")
    wire.forever(b"X-Trailer: 1\r\n" * 1_000)


@owes("/endless/image", CUT)
def endless_image(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: image/png")
    wire.send(b"\x89PNG\r\n\x1a\n")
    wire.forever(bytes(10_000))


@owes("/endless/binary-without-type", CUT)
def endless_binary(wire: Wire, request: Request) -> None:
    wire.head("200 OK")
    wire.forever(bytes(10_000))


@owes("/endless/failure", "TARGET_HTTP_ERROR")
def endless_failure(wire: Wire, request: Request) -> None:
    wire.head("503 Service Unavailable", "Content-Type: text/html")
    wire.forever(b"a" * 10_000)


@owes("/endless/redirect-body", OK)
def endless_redirect_body(wire: Wire, request: Request) -> None:
    wire.head("302 Found", "Location: /plain", "Content-Type: text/html")
    wire.forever(b"a" * 10_000)


@cache
def zeros(coding: str) -> bytes:
    """20 MB of nothing, compressed."""
    piece = b"<p>" + bytes(1_000_000)
    if coding == "zstd":
        return zstd.compress(piece * 20)
    if coding == "br":
        compressor = brotli.Compressor(quality=5)
        return b"".join(compressor.process(piece) for _ in range(20)) + compressor.finish()
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    return b"".join(deflate.compress(piece) for _ in range(20)) + deflate.flush()


@owes("/bomb/gzip", CUT)
def gzip_bomb(wire: Wire, request: Request) -> None:
    wire.answer(zeros("gzip"), "Content-Encoding: gzip")


@owes("/bomb/deflate", CUT)
def deflate_bomb(wire: Wire, request: Request) -> None:
    wire.answer(zeros("deflate"), "Content-Encoding: deflate")


@owes("/bomb/br", CUT)
def brotli_bomb(wire: Wire, request: Request) -> None:
    wire.answer(zeros("br"), "Content-Encoding: br")


@owes("/bomb/zstd", CUT)
def zstd_bomb(wire: Wire, request: Request) -> None:
    wire.answer(zeros("zstd"), "Content-Encoding: zstd")


@owes("/bomb/chained", CUT)
def chained_bomb(wire: Wire, request: Request) -> None:
    wire.answer(gzip.compress(zeros("gzip")), "Content-Encoding: gzip, gzip")


@owes("/bomb/chained-br", CUT)
def chained_brotli_bomb(wire: Wire, request: Request) -> None:
    wire.answer(brotli.compress(zeros("gzip"), quality=1), "Content-Encoding: gzip, br")


@owes("/bomb/failure", "TARGET_HTTP_ERROR")
def bomb_of_a_failure(wire: Wire, request: Request) -> None:
    wire.answer(zeros("gzip"), "Content-Encoding: gzip", status="404 Not Found")


@owes("/bomb/members", "UNSUPPORTED_CONTENT")
def many_gzip_members(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Encoding: gzip")
    wire.forever(gzip.compress(b"") * 1_000)


@owes("/bomb/empty-blocks", "TARGET_UNREACHABLE")
def empty_deflate_blocks(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Encoding: deflate")
    wire.send(b"\x78\x9c")
    wire.forever(b"\x00\x00\x00\xff\xff" * 10_000)


# Lies -----------------------------------------------------------------------------------------------------------------


def answers(path: str, outcome: str, body: bytes, *fields: str) -> None:
    """A route that answers 200 with these fields, whatever they say of the body, and closes."""

    def route(wire: Wire, request: Request) -> None:
        wire.head("200 OK", "Content-Type: text/html", *fields)
        wire.send(body)

    owes(path, outcome)(route)


answers("/length/too-long", CUT, PAGE, "Content-Length: 1000000")
answers("/length/too-short", OK, PAGE, "Content-Length: 100")
answers("/length/none-came", "TARGET_UNREACHABLE", b"", "Content-Length: 1000")
answers("/length/huge", CUT, PAGE, f"Content-Length: {'9' * 17}")
answers("/length/5000-digits", OK, PAGE, f"Content-Length: {'9' * 5000}")
answers("/length/negative", OK, PAGE, "Content-Length: -5")
answers("/length/word", OK, PAGE, "Content-Length: many")
answers("/length/two", "TARGET_UNREACHABLE", PAGE, "Content-Length: 10", "Content-Length: 20")
answers("/length/twice", OK, PAGE, f"Content-Length: {len(PAGE)}", f"Content-Length: {len(PAGE)}")

answers("/chunked/no-end", CUT, b"5\r\nhello\r\n", "Transfer-Encoding: chunked")
answers("/chunked/cut", CUT, b"ff\r\nhello", "Transfer-Encoding: chunked")
answers("/chunked/garbage-later", CUT, b"5\r\nhello\r\nzzz\r\n", "Transfer-Encoding: chunked")
answers("/chunked/garbage-at-once", "TARGET_UNREACHABLE", b"zzz\r\n", "Transfer-Encoding: chunked")
answers("/chunked/no-chunks", "TARGET_UNREACHABLE", PAGE, "Transfer-Encoding: chunked")
for sign, size in {"minus": b"-5", "plus": b"+5", "prefix": b"0x5", "underscore": b"1_0"}.items():
    answers(f"/chunked/{sign}", "TARGET_UNREACHABLE", size + b"\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
answers("/chunked/endless-size", "TARGET_UNREACHABLE", b"f" * 100_000 + b"\r\nhello", "Transfer-Encoding: chunked")
answers("/chunked/spaces", OK, b" 5 \r\nhello\r\n0 ;a\r\n\r\n", "Transfer-Encoding: chunked")
answers("/chunked/and-length", OK, b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 2")
answers("/chunked/upper-case", OK, b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: Chunked")
answers("/chunked/no-trailer-end", OK, b"5\r\nhello\r\n0\r\n", "Transfer-Encoding: chunked")
for at, value in enumerate(("chunked, chunked", "identity, chunked", "Chunked,identity", ",chunked,")):
    answers(f"/chunked/said-twice/{at}", OK, b"5\r\nhello\r\n0\r\n\r\n", f"Transfer-Encoding: {value}")
answers(
    "/chunked/two-fields", OK, b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"
)
answers("/chunked/unknown", "UNSUPPORTED_CONTENT", PAGE, "Transfer-Encoding: cow")
answers("/chunked/gzip", "UNSUPPORTED_CONTENT", PAGE, "Transfer-Encoding: gzip, chunked")

answers("/coding/gzip", OK, gzip.compress(PAGE), "Content-Encoding: gzip")
answers("/coding/x-gzip", OK, gzip.compress(PAGE), "Content-Encoding: X-GZIP")
answers("/coding/members", OK, gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]), "Content-Encoding: gzip")
answers("/coding/deflate", OK, zlib.compress(PAGE), "Content-Encoding: deflate")
answers("/coding/raw-deflate", OK, zlib.compress(PAGE, wbits=-15), "Content-Encoding: deflate")
answers("/coding/br", OK, brotli.compress(PAGE), "Content-Encoding: br")
answers("/coding/identity", OK, PAGE, "Content-Encoding: identity")
answers("/coding/empty", OK, PAGE, "Content-Encoding: ")
answers("/coding/chain", OK, gzip.compress(brotli.compress(PAGE)), "Content-Encoding: br, gzip")
answers(
    "/coding/two-fields", OK, gzip.compress(zlib.compress(PAGE)), "Content-Encoding: deflate", "Content-Encoding: gzip"
)
answers("/coding/zstd", OK, zstd.compress(PAGE), "Content-Encoding: zstd")
answers("/coding/zstd-frames", OK, zstd.compress(PAGE[:99]) + zstd.compress(PAGE[99:]), "Content-Encoding: zstd")
answers("/coding/zstd-cut", CUT, zstd.compress(PAGE)[:-10], "Content-Encoding: zstd")
answers("/coding/zstd-lie", "UNSUPPORTED_CONTENT", PAGE, "Content-Encoding: zstd")
answers("/coding/unknown", "UNSUPPORTED_CONTENT", b"\x1f\x9d\x90" + PAGE, "Content-Encoding: compress")
for at, token in enumerate(
    ("UTF-8", "none", "binary", "8bit", "text/html", "aws-chunked", "x-deflate", "\xa0", "a, b")
):
    answers(f"/coding/no-coding/{at}", OK, PAGE, f"Content-Encoding: {token}")
answers("/coding/chain-of-200", "UNSUPPORTED_CONTENT", PAGE, f"Content-Encoding: {', '.join(['gzip'] * 200)}")
answers("/coding/chain-with-unknown", OK, gzip.compress(PAGE), "Content-Encoding: rot13, gzip")
answers("/coding/gzip-and-charset", OK, gzip.compress(PAGE), "Content-Encoding: gzip,utf-8")
answers("/coding/gzip-around-unknown", "UNSUPPORTED_CONTENT", gzip.compress(bytes(99)), "Content-Encoding: rot13, gzip")
answers("/coding/chain-of-3", "UNSUPPORTED_CONTENT", PAGE, "Content-Encoding: gzip, none, deflate, br")
answers("/coding/gzip-lie", "UNSUPPORTED_CONTENT", PAGE, "Content-Encoding: gzip")
answers("/coding/br-lie", "UNSUPPORTED_CONTENT", PAGE, "Content-Encoding: br")
answers("/coding/deflate-lie", "UNSUPPORTED_CONTENT", b"\xff" * 5000, "Content-Encoding: deflate")
answers("/coding/gzip-cut", CUT, gzip.compress(PAGE)[:-20], "Content-Encoding: gzip")
answers("/coding/deflate-cut", CUT, zlib.compress(PAGE)[:-20], "Content-Encoding: deflate")
answers("/coding/br-cut", CUT, brotli.compress(PAGE)[:-10], "Content-Encoding: br")
answers("/coding/gzip-bad-checksum", CUT, gzip.compress(PAGE)[:-8] + bytes(8), "Content-Encoding: gzip")
answers("/coding/gzip-then-garbage", CUT, gzip.compress(PAGE) + b"garbage" * 9, "Content-Encoding: gzip")

# Malformed ------------------------------------------------------------------------------------------------------------

_LENGTH = f"Content-Length: {len(PAGE)}\r\n".encode()
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + _LENGTH

sends("/malformed/nothing", "TARGET_UNREACHABLE", b"")
sends("/malformed/http-0.9", "TARGET_UNREACHABLE", PAGE)
sends("/malformed/smtp", "TARGET_UNREACHABLE", b"220 mail.example.com ESMTP\r\n")
sends("/malformed/http-2", OK, b"HTTP/2 200 OK\r\n\r\n")
sends("/malformed/version", OK, b"HTTP/1 200 OK\r\n\r\n")
sends("/malformed/status-word", "TARGET_UNREACHABLE", b"HTTP/1.1 OK\r\n\r\n")
sends("/malformed/status-99", "TARGET_UNREACHABLE", b"HTTP/1.1 099 Low\r\n\r\n")
sends("/malformed/status-1000", "TARGET_UNREACHABLE", b"HTTP/1.1 1000 High\r\n\r\n")
sends("/malformed/status-negative", "TARGET_UNREACHABLE", b"HTTP/1.1 -20 Low\r\n\r\n")
sends("/malformed/101", "TARGET_UNREACHABLE", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
sends("/malformed/cut-in-head", "TARGET_UNREACHABLE", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
sends("/malformed/binary", "TARGET_UNREACHABLE", bytes(range(256)) * 10)
sends("/malformed/only-interim", "TARGET_UNREACHABLE", b"HTTP/1.1 100 Continue\r\n\r\n")

for at, line in enumerate(
    (b"HTTP/1 200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"HTTP/2 200", b"\r\nHTTP/1.1 200 OK", b"HTTP 200")
):
    sends(f"/odd/status-line/{at}", OK, _HEAD.replace(b"HTTP/1.1 200 OK", line) + b"\r\n" + PAGE)
sends("/odd/no-reason", OK, _HEAD.replace(b" OK", b"") + b"\r\n" + PAGE)
sends("/odd/bare-lf", OK, _HEAD.replace(b"\r\n", b"\n") + b"\n" + PAGE)
sends("/odd/http-1.0", OK, b"HTTP/1.0 200 OK\r\n\r\n" + PAGE)
sends("/odd/line-without-colon", OK, b"HTTP/1.1 200 OK\r\nnonsense\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/folded", OK, b"HTTP/1.1 200 OK\r\nX-A: b\r\n\tc\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/folded-first", OK, b"HTTP/1.1 200 OK\r\n folded\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/space-before-colon", OK, b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello")
sends("/odd/empty-name", OK, b"HTTP/1.1 200 OK\r\n: value\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/nul-in-header", OK, b"HTTP/1.1 200 OK\r\nX-A: \0\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/100-first", OK, b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"\r\n" + PAGE)
sends("/odd/103-first", OK, b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + _HEAD + b"\r\n" + PAGE)
sends("/odd/102-and-103", OK, b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\n\r\n" + _HEAD + b"\r\n" + PAGE)
sends("/odd/500-fields", OK, _HEAD + b"X-Field: value\r\n" * 500 + b"\r\n" + PAGE)
sends("/odd/no-content-type", OK, b"HTTP/1.1 200 OK\r\n" + _LENGTH + b"\r\n" + PAGE)
sends("/odd/empty-page", OK, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
sends("/odd/204", OK, b"HTTP/1.1 204 No Content\r\n\r\n")
sends("/odd/204-with-body", OK, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")

sends("/status/304", "TARGET_HTTP_ERROR", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n")
sends(
    "/status/300",
    "TARGET_HTTP_ERROR",
    b"HTTP/1.1 300 Multiple Choices\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n",
)
sends("/status/404", "TARGET_HTTP_ERROR", b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")
sends("/status/999", "TARGET_HTTP_ERROR", b"HTTP/1.1 999 Request denied\r\n\r\n")
sends("/status/404-cut", "TARGET_HTTP_ERROR", b"HTTP/1.1 404 Not Found\r\nContent-Length: 400\r\n\r\ngone")
sends("/status/404-coding", "TARGET_HTTP_ERROR", b"HTTP/1.1 404 Not Found\r\nContent-Encoding: zstd\r\n\r\ngone")


@owes("/reset/at-once", "TARGET_UNREACHABLE")
def reset_at_once(wire: Wire, request: Request) -> None:
    wire.reset()


@owes("/reset/in-head", "TARGET_UNREACHABLE")
def reset_in_head(wire: Wire, request: Request) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-")
    wire.reset()


@owes("/reset/in-body", CUT)
def reset_in_body(wire: Wire, request: Request) -> None:
    wire.head("200 OK", "Content-Type: text/html", "Content-Length: 100000")
    wire.send(PAGE)
    wire.pause(0.1)
    wire.reset()


# Redirects ------------------------------------------------------------------------------------------------------------


@owes("/plain", OK)
def plain(wire: Wire, request: Request) -> None:
    wire.answer(PAGE)


def redirects(path: str, outcome: str, location: str, *fields: str, status: str = "302 Found") -> None:
    """A route that redirects; {port} in the location is the site's own."""

    def route(wire: Wire, request: Request) -> None:
        wire.redirect(location.format(port=wire.port), *fields, status=status)

    owes(path, outcome)(route)


redirects("/redirect/301", OK, "/plain", status="301 Moved Permanently")
redirects("/redirect/303", OK, "/plain", status="303 See Other")
redirects("/redirect/307", OK, "/plain", status="307 Temporary Redirect")
redirects("/redirect/308", OK, "/plain", status="308 Permanent Redirect")
redirects("/redirect/absolute", OK, "http://127.0.0.1:{port}/plain")
redirects("/redirect/protocol-relative", OK, "//127.0.0.1:{port}/plain")
redirects("/redirect/relative", OK, "../plain")
redirects("/redirect/dots", OK, "/a/./b/../../plain")
redirects("/redirect/fragment", OK, "/plain#part")
redirects("/redirect/same-twice", OK, "/plain", "Location: /plain")
redirects("/redirect/other-address", OK, "http://127.0.0.2:{port}/plain")
redirects("/redirect/space", OK, "/space here")
redirects("/redirect/utf-8", OK, "/caf\xc3\xa9")
redirects("/redirect/latin-1", OK, "/caf\xe9")
redirects("/redirect/empty", "TARGET_HTTP_ERROR", "")
redirects("/redirect/blank", "TARGET_HTTP_ERROR", "   ")
redirects("/redirect/two", "TARGET_UNREACHABLE", "/plain", "Location: /other")
redirects("/redirect/to-itself", "TOO_MANY_REDIRECTS", "/redirect/to-itself")
redirects("/redirect/to-itself-by-fragment", "TOO_MANY_REDIRECTS", "#again")
redirects("/redirect/ping", "TOO_MANY_REDIRECTS", "/redirect/pong")
redirects("/redirect/pong", "TOO_MANY_REDIRECTS", "/redirect/ping")
redirects("/redirect/ftp", "TARGET_NOT_ALLOWED", "ftp://127.0.0.1/")
redirects("/redirect/file", "TARGET_NOT_ALLOWED", "file:///etc/passwd")
redirects("/redirect/javascript", "TARGET_NOT_ALLOWED", "javascript:alert(1)")
redirects("/redirect/data", "TARGET_NOT_ALLOWED", "data:text/html,<title>x</title>")
redirects("/redirect/gopher", "TARGET_NOT_ALLOWED", "gopher://127.0.0.1:70/_x")
redirects("/redirect/mailto", "TARGET_NOT_ALLOWED", "mailto:a@example.com")
redirects("/redirect/port-0", "TARGET_UNREACHABLE", "http://127.0.0.1:0/")
redirects("/redirect/bad-port", "TARGET_UNREACHABLE", "http://127.0.0.1:99999/")
redirects("/redirect/user-info", "TARGET_UNREACHABLE", "http://user:password@127.0.0.1:{port}/plain")
redirects("/redirect/backslash-at", "TARGET_NOT_ALLOWED", "http://a\\b@127.0.0.1:{port}/plain")
for at, location in enumerate(
    (
        *("http:///127.0.0.1:{port}/plain", "///127.0.0.1:{port}/plain", "////127.0.0.1:{port}/plain", "http:/plain"),
        *("http://127.0.0.1:{port}\\plain", "\\plain", "/\\127.0.0.1:{port}/plain", "http:../../plain", "HTTP:\\plain"),
        *("\\\\127.0.0.1:{port}\\a\\..\\plain", "/pl\tain", "\x0b/plain", "http:\\/127.0.0.1:{port}/plain#a\\b"),
    )
):
    redirects(f"/redirect/as-browsers/{at}", OK, location)
redirects("/redirect/no-break-space", OK, "/a\xc2\xa0b")
redirects("/redirect/wide-space", OK, "/a\xe3\x80\x80b")
redirects("/redirect/quote", OK, '/"<\x7f>?"a b"')
ROUTES |= {"/a%C2%A0b": plain, "/a%E3%80%80b": plain, "/%22%3C%7F%3E": plain}
redirects("/redirect/decimal", "TARGET_UNREACHABLE", "http://2130706433:{port}/plain")
redirects("/redirect/hex", "TARGET_UNREACHABLE", "http://0x7f.1:{port}/plain")
redirects("/redirect/octal", "TARGET_UNREACHABLE", "http://0177.0.0.1:{port}/plain")
redirects("/redirect/no-host", "TARGET_UNREACHABLE", "http:///")
redirects("/redirect/space-in-host", "TARGET_UNREACHABLE", "http://127.0.0.1 :{port}/plain")
redirects("/redirect/tab", OK, "http://127.0.0.1:{port}/pl\tain")
redirects("/redirect/nul", "TARGET_HTTP_ERROR", "/pl\0ain")
redirects("/redirect/too-long", "TARGET_UNREACHABLE", "/" + "a" * 9_000)
ROUTES |= {"/space%20here": plain, "/caf%C3%A9": plain, "/caf%E9": plain}
sends("/redirect/no-location", "TARGET_HTTP_ERROR", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")


@owes("/redirect/query-only", OK)
def redirect_to_query(wire: Wire, request: Request) -> None:
    if request.query:
        wire.answer(PAGE)
    else:
        wire.redirect("?then=1")


def hops(path: str, outcome: str, count: int) -> None:
    """A chain of `count` redirects."""
    for number in range(count):
        here, there = f"{path}/{number}" if number else path, f"{path}/{number + 1}"
        redirects(here, outcome, there if number < count - 1 else "/plain")
        if number:
            del OWED[here]


hops("/chain/10", OK, 10)
hops("/chain/11", "TOO_MANY_REDIRECTS", 11)


@owes("/redirect/always-new", "TOO_MANY_REDIRECTS")
def always_new(wire: Wire, request: Request) -> None:
    number = int(request.query.get("n", "0"))
    wire.redirect(f"/redirect/always-new?n={number + 1}")


@owes("/cookie/needed", OK)
def cookie_needed(wire: Wire, request: Request) -> None:
    if "seen=1" in request.headers.get("cookie", ""):
        wire.answer(PAGE)
    else:
        wire.redirect("/cookie/needed", "Set-Cookie: seen=1; Path=/")


@owes("/cookie/new-each-time", "TOO_MANY_REDIRECTS")
def cookie_new_each_time(wire: Wire, request: Request) -> None:
    wire.redirect("/cookie/new-each-time", f"Set-Cookie: n={len(request.headers.get('cookie', ''))}x; Path=/")


@owes("/cookie/huge", OK)
def cookie_huge(wire: Wire, request: Request) -> None:
    wire.redirect("/plain", *(f"Set-Cookie: c{number}={'v' * 4000}; Path=/" for number in range(20)))


# Pages that are harmless to bring and not to read ---------------------------------------------------------------------


def brings(path: str, page: Callable[[], bytes], type_: str = "text/html; charset=utf-8") -> None:
    """A route that answers with a page that is made when it is asked for."""

    def route(wire: Wire, request: Request) -> None:
        wire.answer(page(), type_=type_)

    owes(path, CUT if len(page()) > LIMIT else OK)(route)


def around(middle: bytes) -> bytes:
    return b"<!doctype html><title>A page</title>" + middle + b"<p>the end"


def json_ld(*scripts: bytes) -> bytes:
    return around(b"".join(b'<script type="application/ld+json">%b</script>' % script for script in scripts))


_GOOD = b'{"@type": "Article", "headline": "Good"}'

brings("/page/attributes", lambda: around(b"<p " + b" ".join(b"a%d=1" % n for n in range(80_000)) + b">"))
brings("/page/nested", lambda: around(b"<b>" * 800_000))
brings("/page/never-closed", lambda: around(b"<p " + b"a" * 4_000_000))
brings("/page/huge-attribute", lambda: b'<meta property="og:title" content="%b">' % (b"a" * 900_000))
brings("/page/comment", lambda: around(b"<!--" + b"-" * 900_000))
brings("/page/images", lambda: around(b"".join(b'<meta property="og:image" content="/%d">' % n for n in range(20_000))))
brings("/page/links", lambda: around(b'<link rel="icon" href="/a">' * 30_000))
brings("/page/nul-bytes", lambda: around(bytes(500_000)))
brings("/page/entities", lambda: around(b"&amp;" * 150_000 + b"&#1" * 50_000))
brings("/page/rdfa", lambda: around(b'<p prefix="%b">' % (b"a: http://a.example/ " * 40_000)))
brings("/json-ld/deep", lambda: json_ld(b"[" * 100_000, _GOOD))
brings("/json-ld/digits", lambda: json_ld(b'{"@type": "Article", "a": %b}' % (b"9" * 100_000), _GOOD))
brings("/json-ld/nan", lambda: json_ld(b'{"@type": "Article", "a": NaN, "b": Infinity}', _GOOD))
brings("/json-ld/surrogate", lambda: json_ld(rb'{"@type": "Article", "headline": "\ud800"}', _GOOD))
brings("/json-ld/broken-first", lambda: json_ld(b'{"@type": "Article", "headline": ', _GOOD))
brings("/json-ld/many", lambda: json_ld(*[_GOOD] * 9_000))
brings(
    "/microdata/itemref",
    lambda: (
        around(b'<p itemscope itemref="%b">' % b" ".join(b"i%d" % n for n in range(5_000)))
        + b"".join(b'<p id=i%d itemprop=a itemscope itemref="i%d">' % (n, (n + 1) % 5_000) for n in range(5_000))
    ),
)

for charset in (
    "punycode",
    "idna",
    "undefined",
    "utf-7",
    "utf-16",
    "utf-32",
    "rot13",
    "hex",
    "x-user-defined",
    "%",
    "",
):
    brings(f"/charset/{charset or 'empty'}", lambda: PAGE + b"\xff\xfe\x80", f"text/html; charset={charset}")
brings("/charset/meta-punycode", lambda: b'<meta charset="punycode">' + b"a-" * 200_000)
brings("/type/image-that-is-html", lambda: PAGE, "image/png")
OWED["/type/image-that-is-html"] = CUT  # of a file nothing is read
brings("/type/html-that-is-an-image", lambda: b"\x89PNG\r\n\x1a\n" + bytes(10_000), "text/html")
brings("/type/none-of-them", lambda: PAGE, "text/html/xml; ;;=; charset")
