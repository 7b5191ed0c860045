"""Text: strings that every client can read, and times as text."""

from __future__ import annotations

import re
import time

_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Replace each lone surrogate by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def iso_time(seconds: float) -> str:
    """Format Unix seconds as UTC, `2026-05-26T10:30:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
