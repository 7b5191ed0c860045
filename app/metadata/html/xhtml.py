"""XHTML spelled as HTML, for pages with elements closed as in XML.

Rule: every pattern is possessive, so that reading is linear.
"""

from __future__ import annotations

import re

VOID = frozenset(b"area base br col embed frame hr img input keygen link meta param source track wbr".split())
"""Elements that end with their start tag in HTML as well."""

_TOKEN = re.compile(
    rb"<!--(?:.*?-->|.*+)|<!\[CDATA\[(?P<text>.*?)(?:\]\]>|\Z)"
    rb"|<(?P<name>[A-Za-z][^\s/<>]*+)(?P<rest>(?:[^<>\"'/]++|/(?!>)|\"[^\"]*+\"|'[^']*+')*+)/>"
    rb"|<(?P<raw>script|style)(?=[\s>])(?:.*?</(?P=raw)|.*+)",
    re.DOTALL,
)


def to_html(markup: bytes) -> bytes:
    """Give each empty-element tag an end tag, and escape CDATA sections (XML 1.0, 2.7 and 3.1)."""
    return _TOKEN.sub(_respell, markup)


def _respell(token: re.Match[bytes]) -> bytes:
    text, name = token["text"], token["name"]
    if text is not None:
        return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    if name is None or name.lower() in VOID:
        return token[0]
    return b"<%b%b></%b>" % (name, token["rest"], name)
