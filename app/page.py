"""Page: the one type that passes from the fetcher to the reader, and the reading of its media type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

OWS = " \t\r\n"
"""White space around the value of a header field. `str.strip()` also takes U+0085 and U+00A0, which end UTF-8 letters
that were read as ISO 8859-1."""

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
    file or PDF); `truncated` tells that there was more, or that it was cut off; `late`, that time cut it off.
    `length` is the size in bytes that the target declared, or that was read, or None.
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
