"""Content codings (RFC 9110, section 8.4.1) undone for bodies that may be bombs, lies or cut off.

Rule 1: no coding of a chain yields more than the limit.
Rule 2: an unknown coding is passed over, as browsers do; the caller then judges the body by its bytes.
Rule 3: a broken body is decoded up to the break.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

import brotli

from app.errors import UnsupportedContent
from app.page import OWS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_CODINGS = 2  # real ones in one chain
MAX_MEMBERS = 1_000  # of one gzip stream: each needs a decoder of its own
ACCEPT_ENCODING = "gzip, deflate, br"
UNDECODABLE = f"The target's content coding is none that Pagecard decodes: {ACCEPT_ENCODING}, zstd"
ZSTD_WINDOW_LOG = 23  # 8 MiB of memory for a window, as RFC 9659 has it for the web

_SALVAGE_STEP = 64  # bytes of a broken stream that are decoded at a time
_BROKEN = (zlib.error, brotli.error, zstd.ZstdError)


class _Stream(Protocol):
    def decode(self, data: bytes, room: int) -> bytes:
        """Decode `data` to about `room` bytes at most; a full stream is finished."""

    def ended(self) -> bool:
        """Whether the stream reached its own end."""


class _Decompressor(Protocol):
    """Decoder of the standard library, for one member or frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Members:
    """Members (RFC 1952, section 2.2) or frames (RFC 8878, section 3), one after another."""

    def __init__(self, new_member: Callable[[], _Decompressor]) -> None:
        self._new_member = new_member
        self._member = new_member()
        self._members = 1

    def decode(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) < room:
            if self._member.eof:
                self._begin_member()
            out += self._member.decompress(data, room - len(out))
            data = self._member.unused_data
        return out

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise zlib.error("too many members")
        self._member = self._new_member()

    def ended(self) -> bool:
        return self._member.eof


def _new_gzip_member() -> _Decompressor:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _new_zstd_frame() -> _Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})


class _Deflate:
    """Zlib format, or the bare deflate format of some servers (RFC 9110, section 8.4.1.2)."""

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
    """Whether the bytes are a header by RFC 1950, section 2.2: method 8, and a multiple of 31."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def decode(self, data: bytes, room: int) -> bytes:
        return bytes(self._decompressor.process(data, output_buffer_limit=room))

    def ended(self) -> bool:
        return bool(self._decompressor.is_finished())


_STREAMS: Mapping[str, Callable[[], _Stream]] = {
    "gzip": partial(_Members, _new_gzip_member),
    "x-gzip": partial(_Members, _new_gzip_member),
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": partial(_Members, _new_zstd_frame),
}


class _Layer:
    """Coding of a chain, with all data it was fed, so that a broken stream can be decoded again up to the break."""

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
        """Decode again, in small steps, up to the break: a decoder that fails withholds its last output."""
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
    """Decoder of one body, piece by piece.

    `content_encoding` is the field's value, "" for none; `limit` is in bytes, for each coding of a chain.
    `unknown` tells that the field names a coding beyond those known. Raises UnsupportedContent for a chain of more
    than `MAX_CODINGS`.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        names = {*_tokens(content_encoding)} - {"", "identity"}
        codings = [name for name in _tokens(content_encoding) if name in _STREAMS]
        if len(codings) > MAX_CODINGS:
            raise UnsupportedContent(UNDECODABLE, reason="coding")
        self.unknown = not names <= _STREAMS.keys()
        self._layers = [_Layer(_STREAMS[name], limit) for name in reversed(codings)]

    def feed(self, data: bytes) -> bytes:
        """Decode one piece of the body."""
        for layer in self._layers:
            data = layer.feed(data)
        return data

    @property
    def finished(self) -> bool:
        """Whether further pieces are useless: a coding has reached the limit, or is broken."""
        return any(layer.full or layer.broken for layer in self._layers)

    @property
    def whole(self) -> bool:
        """Whether every coding reached its own end."""
        return all(layer.whole for layer in self._layers)

    @property
    def lied(self) -> bool:
        """Whether the body is not in its declared coding at all."""
        return any(layer.broken and not layer.given for layer in self._layers)
