"""Page: the type passed from the fetcher to the reader, and the reading of its header fields."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import ceil

OWS = " \t\r\n"
"""White space around the value of a header field. `str.strip()` also takes U+0085 and U+00A0, which end UTF-8 letters
that were read as ISO 8859-1."""

MAX_RETRY_AFTER = 86_400  # seconds

# Types without information about the body (MIME Sniffing standard, section 7), and values that are no type at all.
_UNTOLD = re.compile(
    r"text/plain|[^/]*+|\*/\*|[^/]++/octet-stream|[^/]++/(?:x-)?unknown.*|application/(?:force-)?download"
)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of a target, whatever its status.

    `url` is the rebuilt URL that was asked, `final_url` the one that answered after redirects.
    `content_type` is the raw header value ("" if there was none). `headers` has lower-case names.
    `body` holds the decoded bytes that were read (at most `MAX_BYTES`; none of a declared image, video, audio
    file or PDF); `truncated` tells that there was more, or that it was cut off; `broken`, that it was cut off; `late`,
    that time cut it off. `length` is the size in bytes that the target declared, or that was read, or None.
    `unchanged`: the target confirmed the validators that it was asked with, and sent no body.
    """

    url: str
    final_url: str
    status: int
    content_type: str
    body: bytes
    truncated: bool = False
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    late: bool = False
    broken: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Validators:
    """Validators of a page (RFC 9110, section 8.8), as its target wrote them. They hold for `url` alone."""

    url: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Conditions under which a rendered page is done, awaited in this order.

    `until` is `commit`, `domcontentloaded`, `load`, `networkidle`, or `settled`, the default: loaded and quiet, or as
    quiet as the page gets within a few seconds. `selector` is a CSS selector that must match something. `delay` is in
    seconds, always waited to its end.
    """

    until: str = "settled"
    selector: str | None = None
    delay: float = 0.0


def declared_type(content_type: str) -> str:
    """Media type of a Content-Type field, in lower case, without parameters; "" for none."""
    return content_type.partition(";")[0].partition(",")[0].strip(OWS).lower()


def is_untold(media_type: str) -> bool:
    """Whether a declared type leaves the decision to the first bytes of the body."""
    return _UNTOLD.fullmatch(media_type) is not None


def read_http_date(text: str) -> float | None:
    """Read a date of a header field (RFC 9110, section 5.6.7) as Unix seconds; None for no date."""
    try:
        return parsedate_to_datetime(text[:100]).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def read_seconds(text: str) -> int | None:
    """Read delta-seconds (RFC 9111, section 1.2.2), of which nine digits count; None for no number."""
    return int(text[:9]) if text.isascii() and text.isdigit() else None


def read_retry_after(page: Page) -> int | None:
    """Read the field Retry-After (RFC 9110, section 10.2.3), in seconds; None without a usable one."""
    text = page.headers.get("retry-after", "")
    seconds, date = read_seconds(text), read_http_date(text)
    if seconds is None and date is not None:
        seconds = max(0, ceil(date - time.time()))
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER)
