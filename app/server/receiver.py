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
MOST_CHUNKED = 8 * 2**20  # bytes of a chunked body as it comes: a chunk of one byte comes as six
MOST_LINE = 8 * 1024  # bytes that say the size of a chunk

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_HEAD_END = re.compile(rb"\n\r?\n")  # a line may not end so, but somebody has to say it
_CODED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:(?:[^\r\n]*,)?[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}(?=[ \t;\r])")

_KEY_FIELD = re.compile(rb"\r\n(?:authorization|x-api-key):[^\r\n]*?(%b)" % SHAPE.pattern.encode(), re.IGNORECASE)
_KEY_QUERY = re.compile(rb"[^\r\n]*?[?&]api_key=(%b)" % SHAPE.pattern.encode())
_ASKS_FOR_KEY = re.compile(rb"[^ ]* [^ ]*/v1/")

Search = Generator[None, None, int]
"""Yields where more bytes are needed; ends with a place in them, -1 where it is not found within bounds."""


class Incoming:
    """The bytes of one request, as they come, and of what follows it."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray()
        self.ready = False  # there is nothing to wait for
        self.whole = False  # and what there is is a whole request
        self.headless = True  # no end of its fields has come
        self.expects = False  # the body comes once the client is told to go on (RFC 9110, section 10.1.1)
        self._search = self._end()
        if data:
            self.add(data)

    def add(self, data: bytes) -> None:
        self.data += data
        if not self.ready:
            try:
                next(self._search)
            except StopIteration as found:
                self.ready, self.whole = True, found.value >= 0

    @property
    def tenant(self) -> str:
        """Whose turn it takes: the key's, if it holds one that may be accepted, else its like's."""
        key = _KEY_FIELD.search(self.data) or _KEY_QUERY.match(self.data)
        if key:
            return key[1].decode("ascii")
        return "nobody" if _ASKS_FOR_KEY.match(self.data) else "site"

    def _end(self) -> Search:
        """Where the request ends."""
        head = yield from _head(self.data)
        if head < 0:
            return -1
        self.headless = False
        if _CODED.search(self.data, 0, head):
            return (yield from self._chunked(head))
        length = _LENGTH.search(self.data, 0, head)
        end = head + int(length[1]) if length else head
        if end - head > MOST_BODY:
            return -1
        self.expects = len(self.data) < end and self._says(_EXPECTS, head)
        while len(self.data) < end:
            yield
        return end

    def _chunked(self, head: int) -> Search:
        if not self._says(_CHUNKED, head):
            return -1
        self.expects = self._says(_EXPECTS, head)
        return (yield from _last_chunk(self.data, head))

    def _says(self, field: re.Pattern[bytes], head: int) -> bool:
        return field.search(self.data, 0, head) is not None


def _head(data: bytearray) -> Search:
    """The place behind the fields."""
    searched = 0
    while not (found := _HEAD_END.search(data, searched)):
        if len(data) >= MOST_HEAD:
            return -1
        searched = max(0, len(data) - 2)
        yield
    return found.end()


def _behind(mark: bytes, data: bytearray, start: int, most: int) -> Search:
    """The place behind the next `mark`, which is looked for in the `most` bytes from `start`."""
    searched = start
    while (at := data.find(mark, searched, start + most)) < 0:
        if len(data) - start >= most:
            return -1
        searched = max(start, len(data) - len(mark) + 1)
        yield
    return at + len(mark)


def _last_chunk(data: bytearray, at: int) -> Search:
    """The end of a chunked body (RFC 9112, section 7.1) that begins at `at`, trailers included."""
    begin, read = at, 0
    while at - begin < MOST_CHUNKED:
        line = yield from _behind(b"\r\n", data, at, MOST_LINE)
        size = _SIZE.match(data, at) if line >= 0 else None
        if size is None:
            return -1
        length = int(size[0], 16)
        if length == 0:
            return (yield from _behind(b"\r\n\r\n", data, line - 2, MOST_HEAD))
        at = line + length + 2
        while len(data) < at:
            if read + len(data) - line > MOST_BODY:
                return -1
            yield
        read += length
        if read > MOST_BODY:
            return -1
    return -1
