"""Candidates of a `srcset` (HTML standard, 4.8.4.2.1)."""

from __future__ import annotations

import re

_URL = re.compile(r"[\s,]*+(\S++)")
# Some sites encode the space before the descriptor.
_DESCRIPTOR = re.compile(r"(?:\s|%20)\d+(?:\.\d+)?[wx](?=,|$|\s|%20)")


def is_srcset(value: str) -> bool:
    """Whether an attribute holds candidates with descriptors rather than one URL."""
    return bool(_DESCRIPTOR.search(value))


def first_candidate(value: str) -> str:
    """URL of the first candidate; "" without any. A comma at its end, or before another candidate, is none of it."""
    found = _URL.match(value)
    if not found:
        return ""
    url = _DESCRIPTOR.split(found[1], maxsplit=1)[0]
    return url.rstrip(",")
