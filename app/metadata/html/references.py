"""Character references of text and attribute values (HTML standard, 13.2.5.72 to 80).

Linear in the text, whatever it holds: a reference reads at most one run of letters or digits.
"""

from __future__ import annotations

import re
from html.entities import html5

REPLACEMENT = "\ufffd"

_REFERENCE = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?|([A-Za-z][A-Za-z0-9]{0,31}+;?))")
_LONGEST = max(len(name) for name in html5 if not name.endswith(";"))
_MAX_DIGITS = 7
"""Digits of the largest character, in base 10 and 16 alike."""

# 13.2.5.80: numbers of C1 controls are read as bytes of windows-1252, where that has a character.
_C1 = {
    0x80 + n: char for n, char in enumerate(bytes(range(0x80, 0xA0)).decode("cp1252", "replace")) if char != REPLACEMENT
}


def decode(markup: bytes) -> str:
    """Text of a piece of markup, its newlines normalised (13.2.3.5); broken bytes and NUL become U+FFFD."""
    text = markup.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def decode_text(text: str) -> str:
    """`text` with its references decoded, as between tags."""
    return _REFERENCE.sub(_in_text, text) if "&" in text else text


def decode_attribute(value: str) -> str:
    """`value` with its references decoded, as in an attribute."""
    return _REFERENCE.sub(_in_attribute, value) if "&" in value else value


def _in_text(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    return _named(name) or found[0] if name else _numbered(hexadecimal, decimal)


def _in_attribute(found: re.Match[str]) -> str:
    """13.2.5.73: before `=`, a letter or a digit a reference without semicolon is text."""
    hexadecimal, decimal, name = found.groups()
    if not name:
        return _numbered(hexadecimal, decimal)
    follower = found.string[found.end() : found.end() + 1]
    is_text = not name.endswith(";") and (follower == "=" or (follower.isascii() and follower.isalnum()))
    return found[0] if is_text else html5.get(name) or found[0]


def _named(name: str) -> str | None:
    """Decode the longest beginning of `name` in the standard's table, None without any."""
    if name in html5:
        return html5[name]
    for length in range(min(len(name), _LONGEST), 1, -1):
        if (character := html5.get(name[:length])) and name[length - 1] != ";":
            return character + name[length:]
    return None


def _numbered(hexadecimal: str | None, decimal: str | None) -> str:
    digits = (hexadecimal or decimal or "").lstrip("0")
    code = int(digits, 16 if hexadecimal else 10) if 0 < len(digits) <= _MAX_DIGITS else 0
    if code in _C1:
        return _C1[code]
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF else REPLACEMENT
