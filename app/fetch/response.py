"""Read the head of an answer.

Rule 1: head and trailers are bounded: in bytes by the socket's budget, in lines and cookies here.
Rule 2: interim answers are passed over (http.client takes 103 for the final one); 101 is refused, since
        nobody asked for another protocol.
Rule 3: a line that is no field is passed over too, as browsers do; a status line is strict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from http.client import BadStatusLine, HTTPException, HTTPMessage, HTTPResponse, RemoteDisconnected

from app.fetch.sockets import OverBudget

MAX_LINES = 1_000  # of one head
MAX_FIELD = 8 * 1024  # characters of a field that are looked at; a longer one means nothing more
OWS = " \t\r\n"  # white space around a field's value; str.strip() also takes U+0085 and U+00A0, which end UTF-8 letters
MAX_SET_COOKIES = 50  # that one answer may set: what RFC 6265, section 6.1 asks of a browser for a domain
REDIRECTS = (301, 302, 303, 307, 308)

_STATUS_LINE = re.compile(rb"HTTP/1\.(\d)[ \t]+(\d{3})(?:[ \t]([^\r\n]*))?\r?\n")
_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n", re.DOTALL)
MAX_CHUNK_LINE = 64 * 1024  # bytes: a size, and whatever an extension says


class Answer(HTTPResponse):
    """http.client's response with a head of our own reading.

    `fields` has lower-case names, and repeated fields joined by a comma; `msg` holds the cookies alone, for
    requests' cookie jar.
    """

    def begin(self) -> None:
        self.status = 0
        while self.status < 200:
            minor, self.status, self.reason = self._read_status_line()
            self._lines = self._read_lines()
        self.fields = _joined(self._lines)
        self.code = self.status
        self.version = 10 + minor
        self.headers = self.msg = HTTPMessage()
        for cookie in self.values("set-cookie")[:MAX_SET_COOKIES]:
            self.msg["Set-Cookie"] = cookie
        self.chunked = self.fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = self._body_length()
        self.will_close = True

    def values(self, name: str) -> list[str]:
        """Every value of a field, by its lower-case name."""
        return [value for field, value in self._lines if field == name] if name in self.fields else []

    @property
    def _original_response(self) -> Answer | None:
        """What requests asks for the cookies: only those of a redirect are ever sent back."""
        return self if self.status in REDIRECTS and "set-cookie" in self.fields else None

    def _read_status_line(self) -> tuple[int, int, str]:
        line = self.fp.readline()
        if not line:
            raise RemoteDisconnected("nothing came")
        match = _STATUS_LINE.fullmatch(line)
        if match is None or match[2] < b"100" or match[2] == b"101":
            raise BadStatusLine("no status line")
        return int(match[1]), int(match[2]), (match[3] or b"").decode("latin-1")

    def _read_lines(self) -> list[tuple[str, str]]:
        lines: list[tuple[str, str]] = []
        for _ in range(MAX_LINES):
            line = self.fp.readline()
            if line in (b"\r\n", b"\n"):
                return lines
            if not line:
                raise RemoteDisconnected("the head was cut off")
            _add_line(lines, line.decode("latin-1"))
        raise OverBudget(reason="too_many_fields")

    def _read_next_chunk_size(self) -> int:
        """http.client's, which takes -5, +5, 0x5 and 1_0 too."""
        size = _CHUNK_SIZE.fullmatch(self.fp.readline(MAX_CHUNK_LINE))
        if size is None:
            raise HTTPException("no size of a chunk")
        return int(size[1], 16)

    def _read_and_discard_trailer(self) -> None:
        """http.client's, bounded as the head is; some servers leave before its end."""
        with suppress(RemoteDisconnected):
            self._read_lines()

    def _body_length(self) -> int | None:
        if self.chunked:
            return None
        if self.status in (204, 304):
            return 0
        lengths = {each.strip(OWS) for value in self.values("content-length") for each in value.split(",")} or {""}
        if len(lengths) > 1:  # RFC 9112, section 6.3: which of them is true nobody can know
            raise HTTPException("two lengths")
        return declared_length(lengths.pop())


def _add_line(lines: list[tuple[str, str]], line: str) -> None:
    name, colon, value = line.partition(":")
    if line[0] in " \t":
        if lines:  # RFC 9112, section 5.2: obsolete line folding
            name, value = lines.pop()
            lines.append((name, f"{value} {line.strip(OWS)}"))
    elif colon:
        lines.append((name.strip(OWS).lower(), value.strip(OWS)))


def _joined(lines: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, list[str]] = {}
    for name, value in lines:
        fields.setdefault(name, []).append(value)
    return cut({name: ", ".join(values) for name, values in fields.items()})


def cut(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields with at most `MAX_FIELD` characters each, for readers that search them."""
    return {name: value[:MAX_FIELD] for name, value in fields.items()}


def declared_length(content_length: str) -> int | None:
    """The value of a Content-Length field, None where it says nothing that could be meant."""
    return int(content_length) if _LENGTH.fullmatch(content_length) else None
