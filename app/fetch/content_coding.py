"""Undo content codings (RFC 9110, section 8.4.1) of bodies that may be bombs, lies or cut off.

Rule 1: no coding of a chain gives more than the limit.
Rule 2: an unknown coding is passed over, as browsers do; the caller then judges the body by its bytes.
Rule 3: what is broken is decoded as far as it is whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

import brotli

from app.errors import UnsupportedContent
from app.fetch.response import OWS

MAX_CODINGS = 2  # real ones in one chain
MAX_MEMBERS = 1_000  # of one gzip stream: each needs a decoder of its own
ACCEPT_ENCODING = "gzip, deflate, br"
UNDECODABLE = "The target's content coding is none that Pagecard decodes: gzip, deflate, br"

_SALVAGE_STEP = 64  # bytes of a broken stream that are decoded at a time
_BROKEN = (zlib.error, brotli.error)


class _Stream(Protocol):
    def decode(self, data: bytes, room: int) -> bytes:
        """What `data` adds, cut at about `room` bytes; a stream that was cut is not used again."""

    def ended(self) -> bool:
        """Whether the stream came to its own end."""


class _Gzip:
    """Members one after another (RFC 1952, section 2.2)."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._members = 1

    def decode(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) < room:
            if self._inflate.eof:
                self._begin_member()
            out += self._inflate.decompress(data, room - len(out))
            data = self._inflate.unused_data
        return out

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise zlib.error("too many members")
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def ended(self) -> bool:
        return self._inflate.eof


class _Deflate:
    """The zlib format, or the bare one that some servers send instead (RFC 9110, section 8.4.1.2)."""

    def __init__(self) -> None:
        self._head = b""
        self._inflate = zlib.decompressobj()

    def decode(self, data: bytes, room: int) -> bytes:
        if len(self._head) < 2:
            self._head = data = self._head + data
            if len(data) < 2:
                return b""
            if not _is_zlib_header(data):
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._inflate.decompress(data, room)

    def ended(self) -> bool:
        return self._inflate.eof


def _is_zlib_header(data: bytes) -> bool:
    """RFC 1950, section 2.2: method 8, and a multiple of 31."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def decode(self, data: bytes, room: int) -> bytes:
        return bytes(self._decompressor.process(data, output_buffer_limit=room))

    def ended(self) -> bool:
        return bool(self._decompressor.is_finished())


_STREAMS: Mapping[str, Callable[[], _Stream]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}


class _Layer:
    """One coding of a chain, with what it has been fed, so that a broken stream can be gone through again."""

    def __init__(self, new_stream: Callable[[], _Stream], limit: int) -> None:
        self._new_stream = new_stream
        self._stream = new_stream()
        self._fed: list[bytes] = []
        self._room = limit
        self.given = 0
        self.broken = False

    @property
    def full(self) -> bool:
        return self.given >= self._room

    @property
    def whole(self) -> bool:
        return not self.broken and self._stream.ended()

    def feed(self, data: bytes) -> bytes:
        if self.broken or self.full or not data:
            return b""
        self._fed.append(data)
        try:
            out = self._stream.decode(data, self._room - self.given)
        except _BROKEN:
            self.broken = True
            out = self._salvage()[self.given :]
        self.given += len(out)
        return out

    def _salvage(self) -> bytes:
        """Everything that comes before the break: a decoder that fails keeps its last output for itself."""
        stream, data, out = self._new_stream(), b"".join(self._fed), bytearray()
        with suppress(*_BROKEN):
            for at in range(0, len(data), _SALVAGE_STEP):
                if len(out) >= self._room:
                    break
                out += stream.decode(data[at : at + _SALVAGE_STEP], self._room - len(out))
        return bytes(out)


def _tokens(content_encoding: str) -> list[str]:
    """Names of the codings, in lower case, without parameters."""
    return [token.partition(";")[0].strip(OWS).lower() for token in content_encoding.split(",")]


class Decoder:
    """Undoes the codings of one body, piece by piece.

    `content_encoding` is the field's value, "" for none; `limit` is in bytes, for each coding of a chain.
    `unknown` tells that the field names a coding beyond those. Raises UnsupportedContent for a chain of more than
    `MAX_CODINGS`.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        names = {*_tokens(content_encoding)} - {"", "identity"}
        codings = [name for name in _tokens(content_encoding) if name in _STREAMS]
        if len(codings) > MAX_CODINGS:
            raise UnsupportedContent(UNDECODABLE, reason="coding")
        self.unknown = not names <= _STREAMS.keys()
        self._layers = [_Layer(_STREAMS[name], limit) for name in reversed(codings)]

    def feed(self, data: bytes) -> bytes:
        """What this piece of the body adds to the decoded one."""
        for layer in self._layers:
            data = layer.feed(data)
        return data

    @property
    def finished(self) -> bool:
        """Whether no further piece can add anything: a coding has reached the limit, or is broken."""
        return any(layer.full or layer.broken for layer in self._layers)

    @property
    def whole(self) -> bool:
        """Whether every coding came to its own end."""
        return all(layer.whole for layer in self._layers)

    @property
    def lied(self) -> bool:
        """Whether a body was sent that is not in its coding at all."""
        return any(layer.broken and not layer.given for layer in self._layers)
