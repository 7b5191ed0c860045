"""Tile with a letter, for a site without an icon."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit
from xml.sax.saxutils import escape
from zlib import crc32

import idna

HUES = 24

TILE = """<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 32 32" role="img">\
<title>{host}</title><rect width="32" height="32" rx="6" fill="hsl({hue} 45% 38%)"/>\
<text x="16" y="16" dy=".36em" text-anchor="middle" font-family="system-ui,sans-serif" font-size="18" \
font-weight="600" fill="#fff">{letter}</text></svg>"""


def draw_letter(url: str, size: int) -> bytes:
    """Draw the first letter of a URL's host, on a colour that follows from the host, as SVG of `size` pixels."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    with suppress(idna.IDNAError):
        host = idna.decode(host)
    letter = next(filter(str.isalnum, host), "·").upper()
    hue = crc32(host.encode()) % HUES * 360 // HUES
    return TILE.format(size=size, host=escape(host), hue=hue, letter=escape(letter)).encode()
