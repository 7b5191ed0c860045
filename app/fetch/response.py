"""Response: the head of an answer, read as browsers read it and bounded.

Rule 1: head and trailers are bounded in bytes by the socket's budget, in lines here.
Rule 2: interim answers are passed over (http.client takes 103 for the final one); 101 is refused, since
        Pagecard asks for no other protocol.
Rule 3: a line that is no field is passed over, as browsers do.
"""

from __future__ import annotations

import re
from contextlib import suppress
from http.client import BadStatusLine, HTTPException, HTTPMessage, HTTPResponse, RemoteDisconnected

from app.fetch.headers import cut
from app.fetch.sockets import OverBudget
from app.page import OWS

MAX_LINES = 1_000  # of one head
MAX_CHUNK_LINE = 64 * 1024  # bytes: a size and its extension
REDIRECTS = (301, 302, 303, 307, 308)

# Browsers also take other versions, small letters, and SHOUTcast's protocol name.
_STATUS_LINE = re.compile(
    rb"(?:HTTP(?:/[0-9]{1,3}(?:\.[0-9]{1,3})?)?|ICY)[ \t]+([1-9][0-9]{2})(?:[ \t]([^\r\n]*+))?\r?\n", re.IGNORECASE
)
_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[ \t]*+([0-9A-Fa-f]{1,15})[ \t]*+(?:;.*)?\r?\n", re.DOTALL)
_BLANK = (b"\r\n", b"\n")


class Answer(HTTPResponse):
    """http.client's response with a head that is read here.

    `fields` has lower-case names, and repeated fields joined by a comma and cut. `codings` are the transfer codings.
    """

    def begin(self) -> None:
        self.status = 0
        while self.status < 200:
            self.status, self.reason = self._read_status_line()
            self._lines = self._read_lines()
        self.fields = _joined(self._lines)
        self.code, self.version = self.status, 11
        self.headers = self.msg = HTTPMessage()
        self.codings = {*_tokens(self.values("transfer-encoding"))} - {"", "identity"}
        self.chunked = self.codings == {"chunked"}
        self.chunk_left = None
        self.length = self._body_length()
        self.will_close = True

    def values(self, name: str) -> list[str]:
        """List every value of a field, whole, by its lower-case name."""
        return [value for field, value in self._lines if field == name] if name in self.fields else []

    def _read_status_line(self) -> tuple[int, str]:
        line = self.fp.readline()
        if line in _BLANK:  # some servers end their last answer with a line too many
            line = self.fp.readline()
        if not line:
            raise RemoteDisconnected("no answer")
        match = _STATUS_LINE.fullmatch(line)
        if match is None or match[1] == b"101":
            raise BadStatusLine("no status line")
        return int(match[1]), (match[2] or b"").decode("latin-1")

    def _read_lines(self) -> list[tuple[str, str]]:
        lines: list[tuple[str, str]] = []
        for _ in range(MAX_LINES):
            line = self.fp.readline()
            if line in _BLANK:
                return lines
            if not line:
                raise RemoteDisconnected("the head was cut off")
            _add_line(lines, line.decode("latin-1"))
        raise OverBudget(reason="malformed_response")

    def _read_next_chunk_size(self) -> int:
        """Override http.client's, which takes -5, +5, 0x5 and 1_0 too."""
        size = _CHUNK_SIZE.fullmatch(self.fp.readline(MAX_CHUNK_LINE))
        if size is None:
            raise HTTPException("no size of a chunk")
        return int(size[1], 16)

    def _read_and_discard_trailer(self) -> None:
        """Override http.client's: bounded as the head is, and tolerant of servers that leave before its end."""
        with suppress(RemoteDisconnected):
            self._read_lines()

    def _body_length(self) -> int | None:
        if self.chunked:
            return None
        if self.status in (204, 304):
            return 0
        lengths = {*_tokens(self.values("content-length"))} or {""}
        if len(lengths) > 1:  # RFC 9112, section 6.3: the true one is unknown
            raise HTTPException("two lengths")
        return declared_length(lengths.pop())


def _tokens(values: list[str]) -> list[str]:
    return [token.strip(OWS).lower() for value in values for token in value.split(",")]


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


def declared_length(content_length: str) -> int | None:
    """Read a Content-Length field; None where it is no number."""
    return int(content_length) if _LENGTH.fullmatch(content_length) else None
