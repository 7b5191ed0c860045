"""Body: read the answer of a target into a Page.

Rule 1: no more is read than can be used: nothing of a file without text, a little of a failure.
Rule 2: a body that breaks off, or that drips past the time for it, is read as far as it came; one that never came is
        a failure.
Rule 3: a body is passed on decoded, or refused.
"""

from __future__ import annotations

import re
from http.client import HTTPException

from app.errors import TargetError, TargetTimeout, TargetUnreachable, UnsupportedContent, is_own
from app.fetch.content_coding import UNDECODABLE, Decoder
from app.fetch.response import declared_length
from app.fetch.session import HopResponse
from app.fetch.sockets import OverBudget
from app.fetch.url import TargetUrl
from app.page import Page, declared_type, is_untold

ERROR_BODY = 64 * 1024  # bytes read of an answer that is no page: enough to recognise a challenge
SNIFF = 512  # bytes kept of a file without a declared type and without text

MAX_PIECES = 20_000  # reads of one body; a chunk of one byte costs as much as one of 64 KiB
READING_SHARE = 0.1  # of the time left when the head has come: kept for reading a page whose body drips

_READ_SIZE = 64 * 1024
_FRAMING = 64 * 1024  # wire bytes beyond twice the limit: chunk sizes and trailers

# Media types whose body may be text; no other body is read at all.
_TEXT = re.compile(r"text/.*|(?!image/).*[/+](?:html|xml|json)(?:\+oembed)?")
# MIME Sniffing standard, section 7.2: byte order marks are text, "binary data bytes" are none; nor is PDF.
_BINARY = re.compile(
    rb"(?!\xfe\xff|\xff\xfe)(?:%PDF-|[^\0-\x08\x0b\x0e-\x1a\x1c-\x1f]*+[\0-\x08\x0b\x0e-\x1a\x1c-\x1f])"
)

_CUT_OFF = (OverBudget, HTTPException, OSError)


def read_page(
    asked: TargetUrl, hop: TargetUrl, response: HopResponse, limit: int, file_limit: int | None = None
) -> Page:
    """Read at most `limit` bytes of the page of `response`, or `file_limit` bytes of a file of any type.

    Raises UnsupportedContent for a coding that is a lie, or unknown around a body that is no text;
    TargetUnreachable where nothing came of a body that was announced, TargetTimeout where time ended first.
    """
    content_type = response.answer.fields.get("content-type", "")
    body = _Body(response)
    if not 200 <= response.status_code < 300:
        body.read_failure(min(limit, ERROR_BODY))
    elif file_limit is not None:
        body.read_file(file_limit)
    else:
        body.read(limit, declared_type(content_type))
    return Page(
        url=str(asked),
        final_url=str(hop),
        status=response.status_code,
        content_type=content_type,
        body=bytes(body.data),
        truncated=body.truncated,
        length=body.length,
        headers=response.answer.fields,
        late=isinstance(body.broke, TargetTimeout),
        broken=body.broke is not None,
    )


class _Body:
    """Body of one answer, as far as it came. `broke` is the error that cut it off."""

    def __init__(self, response: HopResponse) -> None:
        self.data = bytearray()
        self.truncated = False
        self.broke: Exception | None = None
        self._meter = response.meter
        self._answer = response.answer
        self._fields = response.answer.fields
        self._pieces = 0
        deadline = self._meter.deadline
        self._meter.deadline = deadline.sooner((1 - READING_SHARE) * deadline.remaining())
        self._meter.phase = "body"

    @property
    def length(self) -> int | None:
        """Declared length in bytes, else the length of a complete body."""
        declared = declared_length(self._fields.get("content-length", ""))
        return len(self.data) if declared is None and not self.truncated else declared

    def read(self, limit: int, media_type: str) -> None:
        untold = is_untold(media_type)
        if not untold and not _TEXT.fullmatch(media_type):
            self.truncated = True
        else:
            self._read(limit, SNIFF if untold else limit)

    def read_file(self, limit: int) -> None:
        self._read(limit, limit)

    def read_failure(self, limit: int) -> None:
        """Read the body of an answer whose status matters more than any fault of its body."""
        try:
            self._read(limit, limit)
        except TargetError:
            self.truncated = True

    def _read(self, limit: int, binary_limit: int) -> None:
        """Read up to `limit` bytes, or to `binary_limit` if the first ones are no text."""
        decoder = self._decoder(limit + 1)
        self._meter.bytes_left = 2 * limit + _FRAMING
        while len(self.data) <= limit and not decoder.finished and (piece := self._next_piece()):
            self.data += decoder.feed(piece)
            if binary_limit < limit and _BINARY.match(self.data, 0, SNIFF):
                limit = binary_limit
        self.truncated = self.broke is not None or len(self.data) > limit or not decoder.whole
        del self.data[limit:]
        self._check(decoder)

    def _check(self, decoder: Decoder) -> None:
        """Raise where nothing that can be used has come."""
        if decoder.lied:
            raise UnsupportedContent("The target's body is not in the content coding that it declares", reason="coding")
        if decoder.unknown and _BINARY.match(self.data, 0, SNIFF):
            raise UnsupportedContent(UNDECODABLE, reason="coding")
        if self.broke and not self.data:
            raise self.broke if isinstance(self.broke, TargetError) else TargetUnreachable(reason=_reason(self.broke))

    def _decoder(self, limit: int) -> Decoder:
        if self._answer.codings - {"chunked"}:
            raise UnsupportedContent("The target's transfer coding is not known", reason="transfer")
        return Decoder(self._fields.get("content-encoding", ""), limit)

    def _next_piece(self) -> bytes:
        self._pieces += 1
        try:
            if self._pieces > MAX_PIECES:
                raise OverBudget(reason="malformed_response")
            piece = self._answer.read1(_READ_SIZE)
        except (*_CUT_OFF, TargetTimeout) as error:
            if is_own(error):
                raise
            piece, self.broke = b"", error
        if not piece and self._answer.length:
            self.broke = self.broke or ConnectionResetError("the body was cut off")
        return piece


def _reason(error: Exception) -> str:
    return "malformed_response" if isinstance(error, HTTPException) else "reset"
