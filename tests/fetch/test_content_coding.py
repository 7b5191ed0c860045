"""Content codings: undone as far as they are whole, never beyond the limit."""

from __future__ import annotations

import gzip
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

from app.errors import UnsupportedContent
from app.fetch.content_coding import MAX_CODINGS, Decoder
from tests.hostile import zeros

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = "".join(random.Random(1).choices("abcdefgh ", k=50_000)).encode()

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}

STREAMED = ("gzip", "x-gzip", "deflate", "br")  # zstd is decoded by blocks of 128 KiB


def decode(coding: str, data: bytes, *, limit: int = 1_000_000, step: int = 1_000_000) -> tuple[bytes, Decoder]:
    decoder = Decoder(coding, limit)
    return b"".join(decoder.feed(data[at : at + step]) for at in range(0, len(data), step)), decoder


@pytest.mark.parametrize("step", [1, 7, 1_000, 1_000_000])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_coding_is_undone_however_its_bytes_arrive(coding: str, step: int) -> None:
    decoded, decoder = decode(coding, CODINGS[coding](TEXT), step=step)
    assert decoded == TEXT
    assert decoder.whole


@pytest.mark.parametrize("step", [1, 1_000_000])
def test_deflate_without_its_header_is_undone_too(step: int) -> None:
    decoded, decoder = decode("deflate", zlib.compress(TEXT, wbits=-15), step=step)
    assert (decoded, decoder.whole) == (TEXT, True)


@pytest.mark.parametrize("step", [1, 10, 1_000_000])
def test_gzip_may_have_many_members(step: int) -> None:
    decoded, decoder = decode(
        "gzip", gzip.compress(TEXT[:99]) + gzip.compress(b"") + gzip.compress(TEXT[99:]), step=step
    )
    assert (decoded, decoder.whole) == (TEXT, True)


@pytest.mark.parametrize("field", ["", "identity", " Identity ", ","])
def test_no_coding_leaves_the_bytes_as_they_are(field: str) -> None:
    decoded, decoder = decode(field, TEXT)
    assert (decoded, decoder.whole) == (TEXT, True)


def test_a_chain_is_undone_from_its_end() -> None:
    assert decode("deflate, BR", brotli.compress(zlib.compress(TEXT)))[0] == TEXT


@pytest.mark.parametrize("field", ["compress", "none", "UTF-8", "text/html", "exi, rot13"])
def test_an_unknown_coding_leaves_the_bytes_as_they_are(field: str) -> None:
    decoded, decoder = decode(field, TEXT)
    assert (decoded, decoder.whole, decoder.unknown) == (TEXT, True, True)


@pytest.mark.parametrize("field", ["gzip, utf-8", "none,gzip", "gzip;q=1"])
def test_a_known_coding_beside_unknown_ones_is_undone(field: str) -> None:
    assert decode(field, gzip.compress(TEXT))[0] == TEXT


def test_a_chain_of_too_many_codings_is_an_error() -> None:
    with pytest.raises(UnsupportedContent):
        Decoder(", ".join(["gzip"] * (MAX_CODINGS + 1)), 1)


@pytest.mark.parametrize("coding", STREAMED)
def test_what_is_cut_off_is_decoded_as_far_as_it_came(coding: str) -> None:
    decoded, decoder = decode(coding, CODINGS[coding](TEXT)[:-1_000])
    assert TEXT.startswith(decoded)
    assert len(decoded) > 20_000
    assert not decoder.whole


def test_of_zstd_the_whole_blocks_before_a_break_are_decoded() -> None:
    text = "".join(random.Random(2).choices("abcdefgh ", k=500_000)).encode()
    data = zstd.compress(text, 1)
    for damaged in (data[:-1_000], data[:-1_000] + b"\xff" * 2_000):
        decoded, decoder = decode("zstd", damaged)
        assert text.startswith(decoded)
        assert len(decoded) > 200_000
        assert not decoder.whole


@pytest.mark.parametrize("coding", STREAMED)
def test_what_breaks_is_decoded_up_to_the_break(coding: str) -> None:
    data = CODINGS[coding](TEXT)
    half = len(data) // 2
    decoded, decoder = decode(coding, data[:half] + b"\xff" * 1_000 + data[half:])
    assert len(decoded) > 15_000
    assert TEXT.startswith(decoded[:15_000])
    assert decoder.finished or coding == "br"


def test_a_wrong_checksum_costs_next_to_nothing_of_the_text() -> None:
    decoded, decoder = decode("gzip", gzip.compress(TEXT)[:-8] + bytes(8))
    assert TEXT.startswith(decoded)
    assert len(decoded) > len(TEXT) - 1_000
    assert not decoder.whole
    assert not decoder.lied


@pytest.mark.parametrize("coding", CODINGS)
def test_what_was_never_in_its_coding_is_a_lie(coding: str) -> None:
    assert decode(coding, b"<!doctype html><title>plain</title>")[1].lied


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, gzip", "gzip"),
        ("gzip, br", "gzip"),
    ],
)
def test_a_bomb_gives_no_more_than_the_limit_in_size_and_memory(field: str, coding: str) -> None:
    data = zeros(coding)
    if "," in field:
        data = CODINGS[field.split(", ")[1]](data)
    tracemalloc.start()
    decoded, decoder = decode(field, data, limit=1_000_000, step=65_536)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(decoded) <= 1_100_000
    assert decoder.finished
    assert peak < 10_000_000
