"""Tell when a request is whole, without understanding it: that is gunicorn's part.

Rule 1: what is whole is handed over, and so is what cannot become whole within bounds, to be refused.
Rule 2: no byte is looked at again and again, however slowly they come.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from app.plans import MAX_BODY
from app.storage.keys import SHAPE

MOST_HEAD = 64 * 1024  # bytes of a request line and its fields: room for any URL that may be asked for, in percents
MOST_BODY = MAX_BODY + 4 * 1024  # bytes: so much more that the application sees that it is too much
MOST_CHUNKING = 64 * 1024  # bytes of a chunked body that are no content: sizes, extensions, line ends
MOST_LINE = 8 * 1024  # bytes that say the size of a chunk

_HEAD_END = re.compile(rb"\n\r?\n")  # a line may not end so, but somebody has to say it
_FRAMING = re.compile(rb"\n(content-length|transfer-encoding)[ \t]*+:([^\r\n]*+)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_EXPECTING_LINE = re.compile(rb"(?:\r\n)?[^\r\n]* HTTP/1\.1\r\n")  # RFC 9110, section 10.1.1: never HTTP/1.0
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}(?=[ \t;\r])")

_KEY_FIELD = re.compile(rb"\r\n(?:authorization|x-api-key):[^\r\n]*?(%b)" % SHAPE.pattern.encode(), re.IGNORECASE)
_KEY_QUERY = re.compile(rb"[^\r\n]*?[?&]api_key=(%b)" % SHAPE.pattern.encode())
_ASKS_FOR_KEY = re.compile(rb"[^ ]* [^ ]*/v1/")

Search = Generator[None, None, int]
"""Yields where more bytes are needed; returns an offset, or `INCOMPLETE` where none is found within bounds."""

INCOMPLETE = -1


class InvalidFraming(Exception):
    """Where the request ends cannot be told: another reader of the same bytes may see another end."""


class Incoming:
    """The bytes of one request, as they come, and of what follows it."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray()
        self.ready = False  # there is nothing to wait for
        self.whole = False  # and what there is is a whole request
        self.headless = True  # no end of its fields has come
        self.misframed = False  # its length is ambiguous, or told in too many chunks
        self.expects = False  # the body comes once the client is told to go on (RFC 9110, section 10.1.1)
        self._end = 0
        self._search = self._find_end()
        if data:
            self.add(data)

    @property
    def end(self) -> int:
        """The offset at which the request ends: what follows belongs to the next one."""
        return self._end if self.whole else len(self.data)

    def add(self, data: bytes) -> None:
        self.data += data
        if not self.ready:
            try:
                next(self._search)
            except StopIteration as found:
                self.ready, self.whole, self._end = True, found.value >= 0, found.value
            except InvalidFraming:
                self.ready, self.misframed = True, True

    @property
    def tenant(self) -> str:
        """Whose turn it takes: the key's, if it holds one that may be accepted, else its like's."""
        key = _KEY_FIELD.search(self.data) or _KEY_QUERY.match(self.data)
        if key:
            return key[1].decode("ascii")
        return "nobody" if _ASKS_FOR_KEY.match(self.data) else "site"

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
        if length > MOST_BODY:
            return INCOMPLETE
        self.expects = len(self.data) < end and self._expects(head)
        while len(self.data) < end:
            yield
        return end

    def _expects(self, head: int) -> bool:
        return bool(_EXPECTING_LINE.match(self.data) and _EXPECTS.search(self.data, 0, head))


def _content_length(head: bytearray) -> int | None:
    """Bytes of the body, None where it is chunked.

    RFC 9112, section 6.3. Raises InvalidFraming for every spelling that another reader may read otherwise.
    """
    fields = [(name.lower(), value.strip(b" \t")) for name, value in _FRAMING.findall(head)]
    match fields:
        case []:
            return 0
        case [(b"content-length", value)] if _LENGTH.fullmatch(value):
            return int(value)
        case _ if all(name == b"transfer-encoding" for name, _ in fields) and _ends_chunked(fields):
            return None
    raise InvalidFraming


def _ends_chunked(fields: list[tuple[bytes, bytes]]) -> bool:
    codings = [coding.strip(b" \t").lower() for _, value in fields for coding in value.split(b",")]
    return codings[-1] == b"chunked" and codings.count(b"chunked") == 1


def _head(data: bytearray) -> Search:
    """The place behind the fields."""
    searched = 0
    while not (found := _HEAD_END.search(data, searched)):
        if len(data) >= MOST_HEAD:
            return INCOMPLETE
        searched = max(0, len(data) - 2)
        yield
    return found.end()


def _behind(mark: bytes, data: bytearray, start: int, most: int) -> Search:
    """The place behind the next `mark`, which is looked for in the `most` bytes from `start`."""
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
    while at - begin - read <= MOST_CHUNKING:
        line = yield from _behind(b"\r\n", data, at, MOST_LINE)
        size = _SIZE.match(data, at) if line >= 0 else None
        if size is None:
            return INCOMPLETE
        length = int(size[0], 16)
        if length == 0:
            return (yield from _behind(b"\r\n\r\n", data, line - 2, MOST_HEAD))
        at = line + length + 2
        while len(data) < at:
            if read + len(data) - line > MOST_BODY:
                return INCOMPLETE
            yield
        read += length
        if read > MOST_BODY:
            return INCOMPLETE
    raise InvalidFraming
