"""Freshness: how long a card stays fresh by the word of its origin, and how its page is asked whether it changed.

Sources: RFC 9111 (lifetimes), RFC 9110, section 13 (conditional requests).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from importlib.metadata import version

import orjson

from app.page import Page, Validators, read_http_date, read_seconds

LEAST_LIFETIME = 60.0  # seconds that a card is kept, though its origin forbids it or allows less
MAX_VALIDATOR = 256  # characters

_VERSION = version("pagecard")  # a newer Pagecard may read more of an unchanged page
_DIRECTIVE = re.compile(r"""([a-z-]{1,32})(?:="?([0-9]{1,32}))?""", re.IGNORECASE)
_SENDABLE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def limit_lifetime(page: Page, most: float) -> float:
    """Shorten a lifetime of `most` seconds to the origin's, but not below `LEAST_LIFETIME`."""
    told = read_lifetime(page.headers)
    return most if told is None else min(most, max(told, LEAST_LIFETIME))


def read_lifetime(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds an answer stays fresh in a shared cache (RFC 9111, section 4.2); None if untold."""
    directives = _directives(headers.get("cache-control", ""))
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    told = next((int(directives[name][:9]) for name in ("s-maxage", "max-age") if directives.get(name)), None)
    left = _until_expiry(headers) if told is None else told - (read_seconds(headers.get("age", "")) or 0)
    return None if left is None else max(0.0, left)


def _directives(cache_control: str) -> dict[str, str]:
    """Read the directives of Cache-Control with their numbers; of repeated names the first counts."""
    found: dict[str, str] = {}
    for part in cache_control.split(","):
        if directive := _DIRECTIVE.match(part.strip()):
            found.setdefault(directive[1].lower(), directive[2] or "")
    return found


def _until_expiry(headers: Mapping[str, str]) -> float | None:
    """Read Expires, where a value that is no date has expired (RFC 9111, section 5.3)."""
    if "expires" not in headers:
        return None
    expires, date = read_http_date(headers["expires"]), read_http_date(headers.get("date", ""))
    return 0.0 if expires is None else expires - (time.time() if date is None else date)


def encode_validators(page: Page) -> bytes:
    """Encode the validators of a page; b"" where it has none, or did not come whole."""
    etag, modified = (_sendable(page.headers.get(name, "")) for name in ("etag", "last-modified"))
    if page.broken or not (etag or modified):
        return b""
    return orjson.dumps((_VERSION, page.final_url, etag, modified))


def decode_validators(encoded: bytes) -> Validators | None:
    """Decode validators; None where there are none, or another version of Pagecard read the page."""
    if not encoded:
        return None
    reader, url, etag, modified = orjson.loads(encoded)
    return Validators(url, etag, modified) if reader == _VERSION else None


def _sendable(value: str) -> str:
    return value if len(value) <= MAX_VALIDATOR and _SENDABLE.fullmatch(value) else ""
