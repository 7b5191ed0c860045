"""Read the answer of a target into a Page.

Rule 1: no more is read than can be used: of a file that is no text nothing, of a failure a little.
Rule 2: what breaks off is read as far as it came; what never came is a failure.
Rule 3: a body is handed on decoded, or refused.
"""

from __future__ import annotations

import re
from http.client import HTTPException

from app.errors import TargetUnreachable, UnsupportedContent
from app.fetch.content_coding import UNDECODABLE, Decoder
from app.fetch.response import OWS, declared_length
from app.fetch.session import HopResponse
from app.fetch.sockets import OverBudget
from app.fetch.url import TargetUrl
from app.page import Page

ERROR_BODY = 64 * 1024  # bytes read of an answer that is no page: enough to recognise a challenge
SNIFF = 512  # bytes kept of a file that says nothing of itself and has no text

MAX_PIECES = 20_000  # reads of one body; a chunk of one byte costs as much as one of 64 KiB

_READ_SIZE = 64 * 1024
_FRAMING = 64 * 1024  # wire bytes beyond twice the limit: chunk sizes and trailers

# Media types that say nothing of the body, so that the first bytes have to (MIME Sniffing standard, section 7).
_SILENT = r"text/plain|[^/]+/octet-stream|[^/]+/(?:x-)?unknown.*|application/(?:force-)?download|[^/]*|\*/\*"
_SAYS_NOTHING = re.compile(_SILENT)
# Media types whose body is text that somebody may want to read; no other body is read at all.
_TEXT = re.compile(rf"text/.*|(?!image/).*[/+](?:html|xml|json)(?:\+oembed)?|{_SILENT}")
# MIME Sniffing standard, section 7.2: byte order marks are text, "binary data bytes" are none; nor is PDF.
_BINARY = re.compile(
    rb"(?!\xfe\xff|\xff\xfe)(?:%PDF-|[^\0-\x08\x0b\x0e-\x1a\x1c-\x1f]*[\0-\x08\x0b\x0e-\x1a\x1c-\x1f])"
)

_CUT_OFF = (OverBudget, HTTPException, OSError)


def read_page(asked: TargetUrl, hop: TargetUrl, response: HopResponse, limit: int) -> Page:
    """The page that `response` brings, at most `limit` bytes of it.

    Raises UnsupportedContent for a coding that is a lie, or unknown around a body that is no text;
    TargetUnreachable where nothing came of a body that was announced; TargetTimeout.
    """
    content_type = response.answer.fields.get("content-type", "")
    body = _Body(response)
    if 200 <= response.status_code < 300:
        body.read(limit, content_type.partition(";")[0].strip(OWS).lower())
    else:
        body.read_failure(min(limit, ERROR_BODY))
    return Page(
        url=str(asked),
        final_url=str(hop),
        status=response.status_code,
        content_type=content_type,
        body=bytes(body.data),
        truncated=body.truncated,
        length=body.length,
        headers=response.answer.fields,
    )


class _Body:
    """What came of the body of one answer."""

    def __init__(self, response: HopResponse) -> None:
        self.data = bytearray()
        self.truncated = False
        self._meter = response.meter
        self._answer = response.answer
        self._fields = response.answer.fields
        self._broke = False
        self._pieces = 0

    @property
    def length(self) -> int | None:
        """The bytes that were declared, else those that came if they are all."""
        declared = declared_length(self._fields.get("content-length", ""))
        return len(self.data) if declared is None and not self.truncated else declared

    def read(self, limit: int, media_type: str) -> None:
        if not _TEXT.fullmatch(media_type):
            self.truncated = True
        else:
            self._read(limit, SNIFF if _SAYS_NOTHING.fullmatch(media_type) else limit)

    def read_failure(self, limit: int) -> None:
        """The same for an answer whose status says more than whatever is wrong with its body."""
        try:
            self._read(limit, limit)
        except (UnsupportedContent, TargetUnreachable):
            self.truncated = True

    def _read(self, limit: int, binary_limit: int) -> None:
        """Up to `limit` bytes, or to `binary_limit` if the first ones are no text."""
        decoder = self._decoder(limit + 1)
        self._meter.bytes_left = 2 * limit + _FRAMING
        while len(self.data) <= limit and not decoder.finished and (piece := self._next_piece()):
            self.data += decoder.feed(piece)
            if binary_limit < limit and _BINARY.match(self.data, 0, SNIFF):
                limit = binary_limit
        self.truncated = self._broke or len(self.data) > limit or not decoder.whole
        del self.data[limit:]
        if decoder.lied:
            raise UnsupportedContent(
                "The target's body is not in the content coding that it declares", reason="coding_lie"
            )
        if decoder.unknown and _BINARY.match(self.data, 0, SNIFF):
            raise UnsupportedContent(UNDECODABLE, reason="coding")
        if self._broke and not self.data:
            raise TargetUnreachable(reason="cut_off")

    def _decoder(self, limit: int) -> Decoder:
        transfer_coding = self._fields.get("transfer-encoding", "identity").lower()
        if transfer_coding not in ("chunked", "identity"):
            raise UnsupportedContent("The target's transfer coding is not known", reason="transfer_coding")
        return Decoder(self._fields.get("content-encoding", ""), limit)

    def _next_piece(self) -> bytes:
        self._pieces += 1
        try:
            if self._pieces > MAX_PIECES:
                raise OverBudget(reason="too_many_pieces")
            piece = self._answer.read1(_READ_SIZE)
        except _CUT_OFF:
            piece, self._broke = b"", True
        if not piece and self._answer.length:
            self._broke = True
        return piece
