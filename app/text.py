"""Text: strings that any client can read."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Replace each lone surrogate by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
