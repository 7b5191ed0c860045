"""Receiver: finds the end of a request in the bytes received. Parsing is gunicorn's part.

Rule 1: a request is ready when it is whole, or when it cannot become whole within bounds and has to be refused.
Rule 2: each byte is searched once, however slowly the bytes come.
Rule 3: a request whose length another reader may read otherwise is ambiguous: it is refused, its connection closed.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from functools import cached_property

from app.plans import MAX_BODY
from app.storage.keys import SHAPE

MAX_HEAD = 64 * 1024  # bytes of a request line and its fields: room for any URL, percent-encoded
MAX_RECEIVED_BODY = MAX_BODY + 4 * 1024  # bytes: enough for the application to see that a body is too large
MAX_CHUNKING = 64 * 1024  # bytes of a chunked body that are no content: sizes, extensions, line ends
MAX_CHUNK_LINE = 8 * 1024  # bytes of a chunk's size with its extensions

_HEAD_END = re.compile(rb"\n\r?\n")  # also with bare line feeds, which the parser refuses
_FRAMING = re.compile(rb"\n(content-length|transfer-encoding)[ \t]*+:([^\r\n]*+)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_HTTP_1_1 = re.compile(rb"(?:\r\n)?[^\r\n]* HTTP/1\.1\r\n")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}(?=[ \t;\r])")

_KEY_FIELD = re.compile(rb"\r\n(?:authorization|x-api-key):[^\r\n]*?(%b)" % SHAPE.pattern.encode(), re.IGNORECASE)
_KEY_QUERY = re.compile(rb"[^\r\n]*?[?&]api_key=(%b)" % SHAPE.pattern.encode())
_ASKS_FOR_KEY = re.compile(rb"[^ ]* [^ ]*/v1/")

Search = Generator[None, None, int]
"""Yields where more bytes are needed; returns an offset, or `INCOMPLETE` where none is found within bounds."""

INCOMPLETE = -1


class AmbiguousLength(Exception):
    """The end of the request cannot be told: another reader of the same bytes may see another one."""


class Receiver:
    """Bytes of a request, and of all received behind it."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray()
        self.ready = False  # nothing more has to be waited for
        self.whole = False  # ready, with all its bytes
        self.headless = True  # the end of the fields has not come
        self.ambiguous = False  # ready, and to be refused
        self.expects = False  # the client waits for `100 Continue` before it sends the body
        self._end = 0
        self._search = self._find_end()
        if data:
            self.add(data)

    def add(self, data: bytes) -> None:
        self.data += data
        if not self.ready:
            try:
                next(self._search)
            except StopIteration as found:
                self.ready, self.whole, self._end = True, found.value >= 0, found.value
            except AmbiguousLength:
                self.ready, self.ambiguous = True, True

    @property
    def end(self) -> int:
        """Offset of the request's end; the next request begins here."""
        return self._end if self.whole else len(self.data)

    @cached_property
    def key(self) -> str | None:
        """API key of a whole request, if well-formed."""
        found = _KEY_FIELD.search(self.data) or _KEY_QUERY.match(self.data)
        return found[1].decode("ascii") if found else None

    @property
    def asks_for_key(self) -> bool:
        """Whether the path takes a key."""
        return _ASKS_FOR_KEY.match(self.data) is not None

    @property
    def asks_for_head(self) -> bool:
        """Whether the answer has no body."""
        return self.data.startswith(b"HEAD ")

    def _find_end(self) -> Search:
        head = yield from _head(self.data)
        if head < 0:
            return INCOMPLETE
        self.headless = False
        length = _content_length(self.data[:head])
        if length is None:
            self.expects = self._expects(head)
            return (yield from _last_chunk(self.data, head))
        end = head + length
        if length > MAX_RECEIVED_BODY:
            return INCOMPLETE
        self.expects = len(self.data) < end and self._expects(head)
        while len(self.data) < end:
            yield
        return end

    def _expects(self, head: int) -> bool:
        """RFC 9110, section 10.1.1: never in HTTP/1.0."""
        return bool(_HTTP_1_1.match(self.data) and _EXPECTS.search(self.data, 0, head))


def _content_length(head: bytearray) -> int | None:
    """Bytes of the body, None if it is chunked (RFC 9112, section 6.3). Raises AmbiguousLength."""
    fields = [(name.lower(), value.strip(b" \t")) for name, value in _FRAMING.findall(head)]
    match fields:
        case []:
            return 0
        case [(b"content-length", value)] if _LENGTH.fullmatch(value):
            return int(value)
        case _ if all(name == b"transfer-encoding" for name, _ in fields) and _ends_chunked(fields):
            return None
    raise AmbiguousLength


def _ends_chunked(fields: list[tuple[bytes, bytes]]) -> bool:
    codings = [coding.strip(b" \t").lower() for _, value in fields for coding in value.split(b",")]
    return codings[-1] == b"chunked" and codings.count(b"chunked") == 1


def _head(data: bytearray) -> Search:
    """Offset behind the fields."""
    searched = 0
    while not (found := _HEAD_END.search(data, searched)):
        if len(data) >= MAX_HEAD:
            return INCOMPLETE
        searched = max(0, len(data) - 2)
        yield
    return found.end()


def _after(mark: bytes, data: bytearray, start: int, most: int) -> Search:
    """Offset behind the next `mark` in the `most` bytes from `start`."""
    searched = start
    while (at := data.find(mark, searched, start + most)) < 0:
        if len(data) - start >= most:
            return INCOMPLETE
        searched = max(start, len(data) - len(mark) + 1)
        yield
    return at + len(mark)


def _last_chunk(data: bytearray, at: int) -> Search:
    """The end of a chunked body (RFC 9112, section 7.1) that begins at `at`, trailers included."""
    begin, read = at, 0
    while at - begin - read <= MAX_CHUNKING:
        line = yield from _after(b"\r\n", data, at, MAX_CHUNK_LINE)
        size = _CHUNK_SIZE.match(data, at) if line >= 0 else None
        if size is None:
            return INCOMPLETE
        length = int(size[0], 16)
        if length == 0:
            return (yield from _after(b"\r\n\r\n", data, line - 2, MAX_HEAD))
        at = line + length + 2
        while len(data) < at:
            if read + len(data) - line > MAX_RECEIVED_BODY:
                return INCOMPLETE
            yield
        read += length
        if read > MAX_RECEIVED_BODY:
            return INCOMPLETE
    raise AmbiguousLength
