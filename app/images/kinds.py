"""Types of pictures by their first bytes (MIME Sniffing standard, section 6.1; AVIF: ISO/IEC 23008-12, brands)."""

from __future__ import annotations

import re

SVG = "image/svg+xml"
SNIFF = 4_096  # bytes that are looked at

_SIGNATURES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL)),
    ("image/avif", re.compile(rb".{4}ftyp(?:avi[fs]|.{4}(?:.{4}){0,7}?avi[fs])", re.DOTALL)),
    ("image/x-icon", re.compile(rb"\0\0\x01\0[^\0]")),
    (
        SVG,
        re.compile(
            rb"\A(?:\xef\xbb\xbf)?+\s*+(?:<\?[^>]*+>\s*+|<!--(?:[^-]|-(?!->))*+-->\s*+|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\])?+[^>]*+>\s*+)*+"
            rb"<(?:svg:)?svg[\s>/]",
            re.IGNORECASE,
        ),
    ),
)


def sniff_type(body: bytes) -> str | None:
    """Name the media type of a picture by its bytes; None for anything else, whatever was declared."""
    head = body[:SNIFF]
    return next((media_type for media_type, pattern in _SIGNATURES if pattern.match(head)), None)
