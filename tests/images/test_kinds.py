"""Types of pictures by their bytes."""

from __future__ import annotations

import pytest

from app.images.kinds import sniff_type
from tests.images.pictures import SVG, gif_of, picture


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (gif_of(2), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (picture("WEBP", lossless=True), "image/webp"),
        (picture("AVIF", (64, 64)), "image/avif"),
        (picture("ICO", (64, 64)), "image/x-icon"),
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf\n<svg/>", "image/svg+xml"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg:svg xmlns:svg='x'>", "image/svg+xml"),
    ],
)
def test_a_picture_is_known_by_its_bytes(body: bytes, media_type: str) -> None:
    assert sniff_type(body) == media_type


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff\xd8", b"GIF88a", b"RIFF1234WAVEfmt ", b"BM" + bytes(60), b"II*\0" + bytes(60), b"%PDF-1.7"),
        *(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"8BPS\0\1", b"<html><svg>"),
        *(b"<!-- <svg> -->", b"text <svg>", b"\0\0\2\0\1\0", b"\x1f\x8b\x08<svg>", b"<svgx>"),
    ],
)
def test_anything_else_is_no_picture(body: bytes) -> None:
    assert sniff_type(body) is None
